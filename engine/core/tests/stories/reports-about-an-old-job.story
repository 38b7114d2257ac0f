# What a device says about a job that has been replaced by a newer attempt changes nothing.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%; expected_failure 50%, execution 2h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d2 d3 d4 d5
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 5 not contacted
d1 accepts
    accepted: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 in progress, 4 not contacted
wait 3h
    -- day 0, 02:00
    timed out, retry in 1 h: d1
    -- day 0, 03:00
    queued, attempt 2: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 failed, 4 not contacted
show d1
    active, runs 1.0.0, spring attempt 2 Queued
    job topic: install 2.0.0 from whole image, good for 1 d 2 h
d1 fails verification at job 1
show d1
    active, runs 1.0.0, spring attempt 2 Queued
    job topic: install 2.0.0 from whole image, good for 1 d 2 h
d1 accepts
    accepted: d1
d1 fails verification at job 1
d1 succeeds at job 2
    succeeded: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 updated, 4 not contacted
