# Who fell silent amid an update stays exposed, and so needs no further place to be tried again.
fleet 6 sensor_v2 running 1.0.0
    d1 to d6
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 10%; max_retries 2, backoff 1h, failure_threshold 90, expected_failure 80, execution 1h with {"rates": {"exposure_max": 2}, "failure_handling": {"retry_jitter": "none"}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 6 devices
    phase full started, up to device 6
    queued: d1 d5
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 6 not contacted
full accept
    accepted: d1 d5
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 2 in progress, 4 not contacted
wait 1h
    -- day 0, 01:00
    timed out, retry in 1 h: d1 d5
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 2 failed, 4 not contacted
wait 1h
    -- day 0, 02:00
    queued, attempt 2: d1 d5
full succeed
    accepted: d1 d5
    succeeded: d1 d5
    queued: d2 d3
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 2 updated, 4 not contacted
