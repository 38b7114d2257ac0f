# A device may wait for longer than any job is good for. Called back then, it must be able to believe it.
fleet 2 sensor_v2 running 1.0.0 can=conditions
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%; sample_min 1 with {"preconditions": {"battery_percent_min": 30}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    queued: d1 d2
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 2 not contacted
full accept
    accepted: d1 d2
    = spring rolling, full: outcomes 0 of 2 needed | 2 in progress
d1 d2 wait for battery
    waits for battery: d1 d2
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 2 in progress
wait 3d
    -- day 1, 00:00
    alert spring-stalled: nothing for 1 d, 2 waited for
pause spring because it smells
    spring paused
    alert spring-stalled is over
    = spring paused, full: paused by ann: it smells | 2 in progress
show d1
    active, runs 1.0.0, spring attempt 1 InProgress installing, waits for battery
    job topic: cancel, good for 1 d 4 h
wait 1h
cancel spring
    spring canceled
    = spring canceled, full: canceled by ann | 2 in progress
show d1
    active, runs 1.0.0, spring attempt 1 InProgress installing, waits for battery
    job topic: cancel, good for 1 d 4 h
