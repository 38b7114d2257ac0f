# Devices came to a release from different ones: each goes back to what its other slot still holds.
fleet 1 sensor_v2 running 1.0.0
    d1 to d1
fleet 1 sensor_v2 running 1.5.0
    d2 to d2
release 1.0.0 sequence 10
    release 1.0.0 of sensor_v2 published
release 1.5.0 sequence 20
    release 1.5.0 of sensor_v2 published
    delta from 1.0.0 to 1.5.0 is to be built
release 2.0.0 sequence 30 back to 1.5.0 back to 1.0.0
    release 2.0.0 of sensor_v2 published
    way back from 2.0.0 to 1.5.0
    way back from 2.0.0 to 1.0.0
    delta from 1.5.0 to 2.0.0 is to be built
    delta from 1.0.0 to 2.0.0 is to be built
delta 2.0.0 from 1.5.0 failed
    delta from 1.5.0 to 2.0.0 is not to be had
delta 2.0.0 from 1.0.0 failed
    delta from 1.0.0 to 2.0.0 is not to be had
delta 1.5.0 from 1.0.0 failed
    delta from 1.0.0 to 1.5.0 is not to be had
campaign spring phases full 100% 24h 80%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    queued: d1 d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
all succeed
    accepted: d1 d2
    succeeded: d1 d2
    spring monitoring
    = spring monitoring, full: soaking for 1 d more | 2 updated
d1 d2 greet
roll back spring because performance_degradation
    spring goes back
    queued to go back to 1.0.0: d1
    queued to go back to 1.5.0: d2
    = spring rolling_back, full: rolled back by ann: performance degradation; 2 devices still to go back | 2 updated
show d1
    active, runs 2.0.0, spring attempt 1 Queued
    job topic: go back to 1.0.0 from whole image, good for 1 d 4 h
show d2
    active, runs 2.0.0, spring attempt 1 Queued
    job topic: go back to 1.5.0 from whole image, good for 1 d 4 h
all succeed
    went back: d1 d2
    spring rolled back
    = spring rolled_back, full: rolled back by ann: performance degradation | 2 sent back
