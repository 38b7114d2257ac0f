# While a campaign is paused nobody watches it: the watch time of its phase stands still. Its deadline does not.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 4h 90%; deadline 1d
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase full started, up to device 10
    queued: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    = spring rolling, full: acceptances 0 of 10 needed to judge by | 10 not contacted
full succeed
    accepted: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    succeeded: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    spring monitoring
    = spring monitoring, full: soaking for 4 h more | 10 updated
wait 1h
    = spring monitoring, full: soaking for 3 h more | 10 updated
pause spring
    spring paused
    = spring paused, full: paused by ann | 10 updated
wait 10h
resume spring
    spring resumed
    spring monitoring
    = spring monitoring, full: soaking for 3 h more | 10 updated
wait 2h
    = spring monitoring, full: soaking for 1 h more | 10 updated
wait 1h
    -- day 0, 14:00
    phase full passed
    spring completed
    = spring completed, full | 10 updated
