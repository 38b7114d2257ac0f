# Whoever waits when the campaign is rolled back must not go on.
fleet 3 sensor_v2 running 1.0.0 can=conditions
    d1 to d3
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0 back to 1.0.0
    release 2.0.0 of sensor_v2 published
    way back from 2.0.0 to 1.0.0
    delta from 1.0.0 to 2.0.0 is to be built
delta 2.0.0 from 1.0.0 useless
    delta from 1.0.0 to 2.0.0 is not to be had
campaign spring of 2.0.0 phases full 100% 1h 50%; sample_min 1 with {"preconditions": {"consent": {}}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    queued: d1 d2 d3
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 3 not contacted
full accept
    accepted: d1 d2 d3
    = spring rolling, full: outcomes 0 of 3 needed | 3 in progress
d1 succeeds
    succeeded: d1
    = spring rolling, full: outcomes 1 of 3 needed | 1 updated, 2 in progress
d2 d3 wait for consent
    waits for consent: d2 d3
    = spring rolling, full: 2 devices without an outcome | 1 updated, 2 in progress
roll back spring because critical_bug
    spring goes back
    queued to go back to 1.0.0: d1
    = spring rolling_back, full: rolled back by ann: critical bug; 3 devices still to go back | 1 updated, 2 in progress
show d1
    active, runs 2.0.0, spring attempt 1 Queued
    job topic: go back to 1.0.0 from whole image, good for 1 d 4 h
show d2
    active, runs 1.0.0, spring attempt 1 InProgress installing, waits for consent
    job topic: cancel, good for 1 d 4 h
d2 cancels
    canceled: d2
    = spring rolling_back, full: rolled back by ann: critical bug; 2 devices still to go back | 1 updated, 1 in progress, 1 removed
d1 succeeds
    went back: d1
    = spring rolling_back, full: rolled back by ann: critical bug; 1 device still to go back | 1 in progress, 1 removed, 1 sent back
status spring
    spring rolling_back, full: rolled back by ann: critical bug; 1 device still to go back | 1 in progress, 1 removed, 1 sent back
    version 3, 3 devices, 3 exposed
    full 100 %: running | 1 in progress, 1 removed, 1 sent back
    evidence 0.50 of 20: 0 failed, 1 succeeded; the failure rate is 0.0 to 97.5 %
    way back, 100 %: 1 back, 0 failed, 0 kept, 1 to go
    waiting: 1 consent
# And who cannot be reached is given up at the end of its patience.
wait 7d
    -- day 1, 00:00
    alert spring-stalled: nothing for 1 d, 1 waited for
    -- day 7, 00:00
    removed, waited too long: d3
    alert spring-stalled is over
    spring rolled back
    = spring rolled_back, full: rolled back by ann: critical bug | 2 removed, 1 sent back
