# What a silent device takes up of the exposure is free again when somebody has looked at it, and closes its ticket.
fleet 6 sensor_v2 running 1.0.0
    d1 to d6
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 10%; max_retries 0, failure_threshold 90, expected_failure 80, execution 1h with {"rates": {"exposure_max": 2}, "failure_handling": {"create_support_tickets": true}}
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
    timed out, no attempt left: d1 d5
    ticket opened: d1 d5
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 2 failed, 4 not contacted
close ticket d1 in spring
    ticket closed by ann: d1
    queued: d2
wait 1m
close ticket d5 in spring
    ticket closed by ann: d5
    queued: d3
wait 1m
