# Zero is what a device without a clock writes: it says no more than leaving the moment out does.
fleet 1 sensor_v2 running 1.0.0
    d1 to d1
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 95%; deadline 30d
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 1 device
    phase full started, up to device 1
    queued: d1
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 1 not contacted
d1 accepts
    accepted: d1
    = spring rolling, full: outcomes 0 of 1 needed | 1 in progress
d1 waits for start until zero
    waits for start: d1
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 1 in progress
wait 6d
    -- day 1, 00:00
    alert spring-stalled: nothing for 1 d, 1 waited for
d1 waits for start
wait 1d
    -- day 7, 00:00
    timed out, retry in 1 h: d1
    alert spring-failure_rate: 1 of 1 outcomes failed
    alert spring-stalled is over
    spring paused
    alert spring-paused: paused by itself, 1 exposed
    = spring paused, full: 1 of 1 outcomes failed, more than 10 % | 1 failed
