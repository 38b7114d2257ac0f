# A campaign allows so many bytes for retries. An image has 25 bytes here.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 10%; max_retries 5, backoff 10m, failure_threshold 90, expected_failure 80 with {"failure_handling": {"retry_bytes_max": 60}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    queued: d1 d2 d3
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
d1 d2 fail installation
    accepted: d1 d2
    failed installation, retry in 10 m: d1 d2
    = spring rolling, full: acceptances 2 of 3 needed to judge by | 2 failed, 1 not contacted
wait 10m
    -- day 0, 00:10
    queued, attempt 2: d1 d2
d1 d2 fail installation
    accepted: d1 d2
    failed installation, no attempt left: d1 d2
d3 fails installation
    accepted: d3
    failed installation, no attempt left: d3
    alert spring-failure_rate: 3 of 3 outcomes failed
    spring paused
    alert spring-paused: paused by itself, 3 exposed
    = spring paused, full: 3 of 3 outcomes failed, more than 90 % | 3 failed
