# With full jitter a retry comes anywhere within its wait, so that those that failed together do not come back together.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 10%; max_retries 5, backoff 4h, failure_threshold 90, expected_failure 80, jitter full
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    queued: d1 d2 d3
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
all fail installation
    accepted: d1 d2 d3
    failed installation, retry in 2 h 5 m: d1
    failed installation, retry in 3 h 42 m: d2
    failed installation, retry in 31 m 2 s: d3
    alert spring-failure_rate: 3 of 3 outcomes failed
    spring paused
    alert spring-paused: paused by itself, 3 exposed
    = spring paused, full: 3 of 3 outcomes failed, more than 90 % | 3 failed
wait 4h
all fail installation
