# The rate grows with every so many devices that have succeeded.
fleet 30 sensor_v2 running 1.0.0
    d1 to d30
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90% with {"rates": {"executions_per_minute": {"base": 2, "factor": 2, "every_succeeded": 2, "maximum": 10}}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 30 devices
    phase full started, up to device 30
    queued: d1 d29
    = spring rolling, full: 2 have started in the last minute, as many as the rate allows | 30 not contacted
wait 1m
    -- day 0, 00:01
    queued: d27 d30
full succeed
    accepted: d1 d27 d29 d30
    succeeded: d1 d27 d29 d30
    queued: d8 d9 d10 d11 d14 d22
    = spring rolling, full: 8 have started in the last minute, as many as the rate allows | 4 updated, 26 not contacted
wait 1m
    -- day 0, 00:02
    queued: d2 d3 d5 d7 d13 d19 d20 d26
full succeed
    accepted: 14 devices
    succeeded: 14 devices
    queued: d4 d25
    = spring rolling, full: 10 have started in the last minute, as many as the rate allows | 18 updated, 12 not contacted
wait 1m
    -- day 0, 00:03
    queued: d6 d12 d15 d16 d17 d18 d21 d23 d24 d28
    = spring rolling, full: acceptances 18 of 20 needed to judge by | 18 updated, 12 not contacted
