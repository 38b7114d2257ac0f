# No more executions start in a minute than the rate says; the rest have their turn in the minutes that follow.
fleet 25 sensor_v2 running 1.0.0
    d1 to d25
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90% with {"rates": {"executions_per_minute": 10}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 25 devices
    phase full started, up to device 25
    queued: d1 d5 d8 d9 d10 d11 d13 d14 d19 d22
    = spring rolling, full: 10 have started in the last minute, as many as the rate allows | 25 not contacted
wait 59s
full succeed
    accepted: d1 d5 d8 d9 d10 d11 d13 d14 d19 d22
    succeeded: d1 d5 d8 d9 d10 d11 d13 d14 d19 d22
    = spring rolling, full: 10 have started in the last minute, as many as the rate allows | 10 updated, 15 not contacted
wait 1s
    -- day 0, 00:01
    queued: d2 d3 d4 d6 d7 d15 d20 d23 d24 d25
wait 1m
    -- day 0, 00:02
    queued: d12 d16 d17 d18 d21
    = spring rolling, full: acceptances 10 of 20 needed to judge by | 10 updated, 15 not contacted
full succeed
    accepted: 15 devices
    succeeded: 15 devices
    spring monitoring
    = spring monitoring, full: soaking for 58 m more | 25 updated
wait 1h
    -- day 0, 01:00
    phase full passed
    spring completed
    = spring completed, full | 25 updated
