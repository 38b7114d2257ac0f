# Ten minutes are enough to wait for a delta: it would save bytes, never a day. Comes it later, it is used from then on.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0
    release 2.0.0 of sensor_v2 published
    delta from 1.0.0 to 2.0.0 is to be built
campaign spring phases full 100% 1h 95%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    = spring staged: deltas are being built
wait 9m
wait 1m
    -- day 0, 00:10
    spring started with 2 devices
    phase full started, up to device 2
    queued: d1 d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, good for 1 d 4 h
d2 fails download
    accepted: d2
    failed download, retry in 1 h: d2
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 1 failed, 1 not contacted
delta 2.0.0 from 1.0.0 built
    delta from 1.0.0 to 2.0.0 is ready
wait 1h
    -- day 0, 01:10
    queued, attempt 2: d2
show d2
    active, runs 1.0.0, spring attempt 2 Queued
    job topic: install 2.0.0 from delta or whole image, good for 1 d 4 h
