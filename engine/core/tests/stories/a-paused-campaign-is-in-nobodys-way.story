# Jobs that a paused campaign has queued make way for other campaigns, and come back when it is resumed.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%
    campaign spring created
    = spring draft: not started
release 2.0.1
    release 2.0.1 of sensor_v2 published
    delta from 2.0.0 to 2.0.1 is to be built
campaign summer phases full 100% 1h 50%
    campaign summer created
    = summer draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    spring: queued: d1 d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
start summer
    summer staged
    = summer staged: deltas are being built
wait 10m
    -- day 0, 00:10
    summer started with 2 devices
    phase full started, up to device 2
    summer: deferred, busy: d1 d2
    = summer rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
pause spring
    spring paused
    spring: deferred, madeway: d1 d2
    summer: queued: d1 d2
    = spring paused, full: paused by ann | 2 not contacted
d1 accepts
    summer: accepted: d1
    = summer rolling, full: acceptances 1 of 2 needed to judge by | 1 in progress, 1 not contacted
resume spring
    spring resumed
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
all succeed
    summer: succeeded: d1 d2
    spring: removed, runs a newer release: d1 d2
    summer: accepted: d2
    spring monitoring
    summer monitoring
    = spring monitoring, full: soaking for 50 m more | 2 removed
    = summer monitoring, full: soaking for 1 h more | 2 updated
