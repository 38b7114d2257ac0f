# What a device says of its stage is seen at once, and stays when another campaign passes it over.
fleet 1 sensor_v2 running 1.0.0
    d1 to d1
release 2.0.0
    release 2.0.0 of sensor_v2 published
release 3.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
delta 3.0.0 from 2.0.0 useless
    delta from 2.0.0 to 3.0.0 is not to be had
campaign spring of 2.0.0 phases full 100% 1h 95%
    campaign spring created
    = spring draft: not started
campaign summer of 3.0.0 phases full 100% 1h 95%
    campaign summer created
    = summer draft: not started
start spring
    spring staged
    spring started with 1 device
    phase full started, up to device 1
    spring: queued: d1
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 1 not contacted
d1 is downloading 40%
    spring: accepted: d1
    = spring rolling, full: outcomes 0 of 1 needed | 1 in progress
show d1
    active, runs 1.0.0, spring attempt 1 InProgress downloading 40 %
    job topic: install 2.0.0 from whole image, good for 1 d 4 h
start summer
    summer staged
    summer started with 1 device
    phase full started, up to device 1
    summer: deferred, busy: d1
    = summer rolling, full: acceptances 0 of 1 needed to judge by | 1 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 InProgress downloading 40 %
    job topic: install 2.0.0 from whole image, good for 1 d 4 h
d1 is trial
show d1
    active, runs 1.0.0, spring attempt 1 InProgress trial
    job topic: install 2.0.0 from whole image, good for 1 d 4 h
d1 succeeds
    spring: succeeded: d1
    spring monitoring
    summer: queued: d1
    = spring monitoring, full: soaking for 1 h more | 1 updated
show d1
    active, runs 2.0.0, summer attempt 1 Queued
    job topic: install 3.0.0 from whole image, good for 1 d 4 h
