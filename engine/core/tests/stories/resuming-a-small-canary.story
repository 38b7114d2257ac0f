# After resuming, what is left of a small canary is a whole cohort again: its failures are judged when it is through.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 50% 24h 20%, full 100% 24h 20%; failure_threshold 30%, expected_failure 60%, max_retries 0
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase canary started, up to device 5
    queued: d1 d5 d8 d9 d10
    = spring rolling, canary: acceptances 0 of 5 needed to judge by | 10 not contacted
2 of canary fail verification
    accepted: d1 d9
    failed verification, no attempt left: d1 d9
    = spring rolling, canary: acceptances 2 of 5 needed to judge by | 2 failed, 8 not contacted
3 of canary succeed
    accepted: d5 d8 d10
    succeeded: d5 d8 d10
    spring paused
    alert spring-paused: paused by itself, 5 exposed
    = spring paused, canary: 2 of 5 outcomes failed, more than 30 % | 3 updated, 2 failed, 5 not contacted
resume spring
    spring resumed
    = spring rolling, canary: soaking for 1 d more | 3 updated, 2 failed, 5 not contacted
wait 24h
    -- day 0, 00:05
    alert spring-paused is over
    -- day 1, 00:00
    phase canary passed
    phase full started, up to device 10
    queued: d2 d3 d4 d6 d7
    = spring rolling, full: acceptances 5 of 10 needed to judge by | 3 updated, 2 failed, 5 not contacted
3 of full fail verification
    accepted: d2 d3 d7
    failed verification, no attempt left: d2 d3 d7
    = spring rolling, full: acceptances 8 of 10 needed to judge by | 3 updated, 5 failed, 2 not contacted
2 of full fail verification
    accepted: d4 d6
    failed verification, no attempt left: d4 d6
    alert spring-failure_rate: 7 of 10 outcomes failed
    spring paused
    alert spring-paused: paused by itself, 10 exposed
    = spring paused, full: 5 of 5 outcomes failed, more than 30 % | 3 updated, 7 failed
status spring
    spring paused, full: 5 of 5 outcomes failed, more than 30 % | 3 updated, 7 failed
    version 5, 10 devices, 10 exposed
    canary 50 %: passed | 3 updated, 2 failed
    full 100 %: soaking | 5 failed
    evidence 5.11 of 20: 5 failed, 0 succeeded; the failure rate is 38.4 to 100.0 %
    errors: 7 verification
