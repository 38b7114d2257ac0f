# A device that fell silent amid its update stays exposed when a further attempt does not reach it either.
fleet 6 sensor_v2 running 1.0.0
    d1 to d6
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 10%; max_retries 1, backoff 1h, failure_threshold 90, expected_failure 80, execution 1h, contact 1h with {"rates": {"exposure_max": 2}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 6 devices
    phase full started, up to device 6
    queued: d1 d5
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 6 not contacted
d1 accepts
    accepted: d1
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 1 in progress, 5 not contacted
wait 1h
    -- day 0, 01:00
    timed out, retry in 1 h: d1
    removed, not contacted: d5
    queued: d2
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 1 failed, 4 not contacted, 1 removed
wait 1h
    -- day 0, 02:00
    removed, not contacted: d2
    queued, attempt 2: d1
    queued: d3
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 1 failed, 3 not contacted, 2 removed
wait 1h
    -- day 0, 03:00
    removed, not contacted: d1 d3
    queued: d4
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 1 failed, 2 not contacted, 3 removed
