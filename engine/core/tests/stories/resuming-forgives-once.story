# Resuming accepts the failures that the gate saw. When their retries succeed they are no longer failures, and must not
# make room for as many new ones.
fleet 100 sensor_v2 running 1.0.0
    d1 to d100
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h 50%; failure_threshold 10%, sample_min 10, expected_failure 60%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 100 devices
    phase full started, up to device 100
    queued: 100 devices
    = spring rolling, full: acceptances 0 of 10 needed to judge by | 100 not contacted
8 of full succeed
    accepted: d1 d29 d35 d39 d62 d83 d89 d90
    succeeded: d1 d29 d35 d39 d62 d83 d89 d90
    = spring rolling, full: acceptances 8 of 10 needed to judge by | 8 updated, 92 not contacted
2 of full fail verification
    accepted: d30 d87
    failed verification, retry in 1 h: d30 d87
    alert spring-failure_rate: 2 of 10 outcomes failed
    spring paused
    alert spring-paused: paused by itself, 10 exposed
    = spring paused, full: 2 of 10 outcomes failed, more than 10 % | 8 updated, 2 failed, 90 not contacted
resume spring
    spring resumed
    = spring rolling, full: outcomes 8 of 10 needed | 8 updated, 2 failed, 90 not contacted
8 of full succeed
    accepted: d9 d27 d42 d49 d59 d68 d74 d93
    succeeded: d9 d27 d42 d49 d59 d68 d74 d93
    = spring rolling, full: outcomes 16 of 18 needed | 16 updated, 2 failed, 82 not contacted
wait 1h
    -- day 0, 00:05
    alert spring-paused is over
    -- day 0, 01:00
    queued, attempt 2: d30 d87
d30 d87 succeed
    accepted: d30 d87
    succeeded: d30 d87
    alert spring-failure_rate is over
    = spring rolling, full: 82 devices without an outcome | 18 updated, 82 not contacted
3 of full fail verification
    accepted: d14 d65
    failed verification, retry in 1 h: d14 d65
    spring paused
    alert spring-paused: paused by itself, 20 exposed
    accepted: d53
    failed verification, retry in 1 h: d53
    = spring paused, full: 2 of 12 outcomes failed, more than 10 % | 18 updated, 3 failed, 79 not contacted
