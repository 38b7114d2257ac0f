# A device that accepted its job and fell silent stays exposed: a release that silences devices comes to a halt by itself.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 10%; max_retries 0, failure_threshold 90, expected_failure 80, execution 1h with {"rates": {"exposure_max": 2}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase full started, up to device 10
    queued: d1 d9
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 10 not contacted
full accept
    accepted: d1 d9
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 2 in progress, 8 not contacted
wait 1h
    -- day 0, 01:00
    timed out, no attempt left: d1 d9
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 2 failed, 8 not contacted
show d3
    active, runs 1.0.0
    job topic: empty
d5 succeeds
full accept
wait 1h
status spring
    spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 2 failed, 8 not contacted
    version 2, 10 devices, 2 exposed
    full 100 %: running | 2 failed, 8 not contacted
    evidence 1.27 of 20: 2 failed, 0 succeeded; the failure rate is 12.9 to 100.0 %
    errors: 2 lost_contact
