# A device may say that it waits until the end of all time: its campaign is over before.
fleet 1 sensor_v2 running 1.0.0
    d1 to d1
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 95%; deadline 1d
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
d1 waits for window for ever
    waits for window, 213503961880 d 14 h: d1
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 1 in progress
wait 1d
    -- day 1, 00:00
    alert spring-stalled: nothing for 1 d, 1 waited for
    removed, waited too long: d1
    spring failed
    alert spring-stalled is over
    = spring failed, full: phase full was not through after 1 d | 1 removed
