# A campaign is rolled back while a device is between two releases: it stays at the one that it was brought to.
fleet 1 sensor_v2 running 1.0.0
    d1 to d1
fleet 2 sensor_v2 running 2.0.0
    d2 to d3
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0
    release 2.0.0 of sensor_v2 published
    delta from 1.0.0 to 2.0.0 is to be built
release 3.0.0 requires >=2.0.0 back to 2.0.0
    release 3.0.0 of sensor_v2 published
    way back from 3.0.0 to 2.0.0
    delta from 2.0.0 to 3.0.0 is to be built
    delta from 1.0.0 to 3.0.0 is to be built
campaign spring of 3.0.0 phases full 100% 1h with {"gates": {"confident": false, "threshold": false}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    = spring staged: deltas are being built
wait 10m
    -- day 0, 00:10
    spring started with 3 devices
    phase full started, up to device 3
    queued, by way of 2.0.0: d1
    queued: d2 d3
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
all accept
    accepted: d1 d2 d3
    = spring rolling, full: outcomes 0 of 3 needed | 3 in progress
d2 succeed
    succeeded: d2
    = spring rolling, full: outcomes 1 of 3 needed | 1 updated, 2 in progress
roll back spring because critical_bug
    spring goes back
    queued to go back to 2.0.0: d2
    = spring rolling_back, full: rolled back by ann: critical bug; 3 devices still to go back | 1 updated, 2 in progress
d1 succeed
    canceled: d1
    = spring rolling_back, full: rolled back by ann: critical bug; 2 devices still to go back | 1 updated, 1 in progress, 1 removed
d3 succeed
    succeeded: d3
    queued to go back to 2.0.0: d3
    = spring rolling_back, full: rolled back by ann: critical bug; 2 devices still to go back | 2 updated, 1 removed
all accept
    accepted to go back: d2 d3
all succeed
    went back: d2 d3
    spring rolled back
    = spring rolled_back, full: rolled back by ann: critical bug | 1 removed, 2 sent back
show d1
    active, runs 2.0.0, spring attempt 1 Canceled
    job topic: empty
status spring
    spring rolled_back, full: rolled back by ann: critical bug | 1 removed, 2 sent back
    version 3, 3 devices, 3 exposed
    full 100 %: soaking | 1 removed, 2 sent back
    evidence 0.33 of 20: 0 failed, 2 succeeded; the failure rate is 0.0 to 87.1 %
    way back, 100 %: 2 back, 0 failed, 0 kept, 0 to go
