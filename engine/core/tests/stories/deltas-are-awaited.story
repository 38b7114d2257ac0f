# A campaign waits for the deltas to its release, and starts in the step in which the last one is done.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 1.1.0
    release 1.1.0 of sensor_v2 published
    delta from 1.0.0 to 1.1.0 is to be built
delta 1.1.0 from 1.0.0 useless
    delta from 1.0.0 to 1.1.0 is not to be had
release 2.0.0
    release 2.0.0 of sensor_v2 published
    delta from 1.1.0 to 2.0.0 is to be built
    delta from 1.0.0 to 2.0.0 is to be built
campaign spring phases full 100% 1h 95%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    = spring staged: deltas are being built
delta 2.0.0 from 1.1.0 useless
    delta from 1.1.0 to 2.0.0 is not to be had
wait 5m
delta 2.0.0 from 1.0.0 built
    delta from 1.0.0 to 2.0.0 is ready
    spring started with 2 devices
    phase full started, up to device 2
    queued: d1 d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from delta or whole image, good for 1 d 4 h
