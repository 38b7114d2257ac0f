# Devices that wait would go on by themselves. While the campaign is paused they are called back, and get another job later.
fleet 4 sensor_v2 running 1.0.0 can=conditions
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%; sample_min 1 with {"preconditions": {"battery_percent_min": 30}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase full started, up to device 4
    queued: d1 d2 d3 d4
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 4 not contacted
full accept
    accepted: d1 d2 d3 d4
    = spring rolling, full: outcomes 0 of 4 needed | 4 in progress
d1 d2 d3 wait for battery
    waits for battery: d1 d2 d3
    = spring rolling, full: outcomes 0 of 1 needed | 4 in progress
pause spring because it smells
    spring paused
    = spring paused, full: paused by ann: it smells | 4 in progress
show d1
    active, runs 1.0.0, spring attempt 1 InProgress installing, waits for battery
    job topic: cancel, good for 1 d 4 h
show d4
    active, runs 1.0.0, spring attempt 1 InProgress downloading
    job topic: install 2.0.0 from whole image, given battery 30 % within 7 d, good for 1 d 4 h
d1 cancels
    called back: d1
    = spring paused, full: paused by ann: it smells | 3 in progress, 1 not contacted
show d1
    active, runs 1.0.0
    job topic: empty
# Too late: it installs.
d2 is installing
    goes on: d2
show d2
    active, runs 1.0.0, spring attempt 1 InProgress installing
    job topic: install 2.0.0 from whole image, given battery 30 % within 7 d, good for 1 d 4 h
# This one waits for something else, and has not heard of the pause.
d3 waits for power
    waits for power: d3
show d3
    active, runs 1.0.0, spring attempt 1 InProgress installing, waits for power
    job topic: cancel, good for 1 d 4 h
resume spring
    spring resumed
    queued: d1
    = spring rolling, full: outcomes 0 of 3 needed | 3 in progress, 1 not contacted
show d3
    active, runs 1.0.0, spring attempt 1 InProgress installing, waits for power
    job topic: install 2.0.0 from whole image, given battery 30 % within 7 d, good for 1 d 4 h
show d1
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, given battery 30 % within 7 d, good for 1 d 4 h
# The answer to the cancel comes after the resumption.
d3 cancels
    called back: d3
    queued: d3
    = spring rolling, full: outcomes 0 of 4 needed | 2 in progress, 2 not contacted
d1 d2 d3 d4 succeed
    accepted: d1 d3
    succeeded: d1 d2 d3 d4
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 4 updated
wait 1h
    -- day 0, 01:00
    phase full passed
    spring completed
    = spring completed, full | 4 updated
status spring
    spring completed, full | 4 updated
    version 4, 4 devices, 4 exposed
    full 100 %: passed | 4 updated
    evidence 0.20 of 20: 0 failed, 4 succeeded; the failure rate is 0.0 to 68.4 %
