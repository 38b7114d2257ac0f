# Nineteen failures of nineteen are below the smallest sample of twenty.
fleet 40 sensor_v2 running 1.0.0
    d1 to d40
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h 1%; failure_threshold 10%, sample_min 20, expected_failure 99%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 40 devices
    phase full started, up to device 40
    queued: 40 devices
    = spring rolling, full: acceptances 0 of 20 needed to judge by | 40 not contacted
19 of full fail verification
    accepted: 19 devices
    failed verification, retry in 1 h: 19 devices
    = spring rolling, full: acceptances 19 of 20 needed to judge by | 19 failed, 21 not contacted
1 of full succeed
    accepted: d7
    succeeded: d7
    alert spring-failure_rate: 19 of 20 outcomes failed
    spring paused
    alert spring-paused: paused by itself, 20 exposed
    = spring paused, full: 19 of 20 outcomes failed, more than 10 % | 1 updated, 19 failed, 20 not contacted
