# Ten percent of failures are allowed: exactly on the limit it goes on, one above it pauses, and below the smallest
# sample it says nothing.
fleet 40 sensor_v2 running 1.0.0
    d1 to d40
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h 50%; failure_threshold 10%, sample_min 20, expected_failure 50%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 40 devices
    phase full started, up to device 40
    queued: 40 devices
    = spring rolling, full: acceptances 0 of 20 needed to judge by | 40 not contacted
2 of full fail verification
    accepted: d29 d39
    failed verification, retry in 1 h: d29 d39
    = spring rolling, full: acceptances 2 of 20 needed to judge by | 2 failed, 38 not contacted
17 of full succeed
    accepted: 17 devices
    succeeded: 17 devices
    = spring rolling, full: acceptances 19 of 20 needed to judge by | 17 updated, 2 failed, 21 not contacted
1 of full succeed
    accepted: d7
    succeeded: d7
    alert spring-failure_rate: 2 of 20 outcomes failed
    = spring rolling, full: outcomes 18 of 19 needed | 18 updated, 2 failed, 20 not contacted
1 of full fail verification
    accepted: d3
    failed verification, retry in 1 h: d3
    spring paused
    alert spring-paused: paused by itself, 21 exposed
    = spring paused, full: 3 of 21 outcomes failed, more than 10 % | 18 updated, 3 failed, 19 not contacted
status spring
    spring paused, full: 3 of 21 outcomes failed, more than 10 % | 18 updated, 3 failed, 19 not contacted
    version 3, 40 devices, 21 exposed
    full 100 %: running | 18 updated, 3 failed, 19 not contacted
    evidence 0.06 of 20: 3 failed, 18 succeeded; the failure rate is 1.3 to 45.5 %
    errors: 3 verification
