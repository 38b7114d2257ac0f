# An operator takes a release back. What is queued is withdrawn, what is under way comes to its end first, and then
# everyone who has been updated goes back to where it came from.
fleet 6 sensor_v2 running 1.0.0
    d1 to d6
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0 back to 1.0.0
    release 2.0.0 of sensor_v2 published
    way back from 2.0.0 to 1.0.0
    delta from 1.0.0 to 2.0.0 is to be built
delta 2.0.0 from 1.0.0 failed
    delta from 1.0.0 to 2.0.0 is not to be had
campaign spring phases full 100% 24h 80%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 6 devices
    phase full started, up to device 6
    queued: d1 d2 d3 d4 d5 d6
    = spring rolling, full: acceptances 0 of 6 needed to judge by | 6 not contacted
d1..d3 succeed
    accepted: d1 d2 d3
    succeeded: d1 d2 d3
    = spring rolling, full: acceptances 3 of 6 needed to judge by | 3 updated, 3 not contacted
d1 greets
d4 accepts
    accepted: d4
    = spring rolling, full: acceptances 4 of 6 needed to judge by | 3 updated, 1 in progress, 2 not contacted
roll back spring because critical_bug
    spring goes back
    canceled: d5 d6
    queued to go back to 1.0.0: d1 d2 d3
    = spring rolling_back, full: rolled back by ann: critical bug; 4 devices still to go back | 3 updated, 1 in progress, 2 removed
show d1
    active, runs 2.0.0, spring attempt 1 Queued
    job topic: go back to 1.0.0 from whole image, good for 1 d 4 h
show d4
    active, runs 1.0.0, spring attempt 1 InProgress downloading
    job topic: install 2.0.0 from whole image, good for 1 d 4 h
show d5
    active, runs 1.0.0, spring attempt 1 Canceled
    job topic: empty
status spring
    spring rolling_back, full: rolled back by ann: critical bug; 4 devices still to go back | 3 updated, 1 in progress, 2 removed
    version 3, 6 devices, 4 exposed
    full 100 %: running | 3 updated, 1 in progress, 2 removed
    evidence 0.25 of 20: 0 failed, 3 succeeded; the failure rate is 0.0 to 76.8 %
    way back, 100 %: 0 back, 0 failed, 0 kept, 4 to go
d1 is trial
    accepted to go back: d1
show d1
    active, runs 2.0.0, spring attempt 1 InProgress trial
    job topic: go back to 1.0.0 from whole image, good for 1 d 4 h
d1 succeeds
    went back: d1
    = spring rolling_back, full: rolled back by ann: critical bug; 3 devices still to go back | 2 updated, 1 in progress, 2 removed, 1 sent back
d4 succeeds
    succeeded: d4
    queued to go back to 1.0.0: d4
    = spring rolling_back, full: rolled back by ann: critical bug; 3 devices still to go back | 3 updated, 2 removed, 1 sent back
d2 reports
d2 takes
d2..d4 succeed
    went back: d2 d3 d4
    spring rolled back
    = spring rolled_back, full: rolled back by ann: critical bug | 2 removed, 4 sent back
status spring
    spring rolled_back, full: rolled back by ann: critical bug | 2 removed, 4 sent back
    version 3, 6 devices, 4 exposed
    full 100 %: soaking | 2 removed, 4 sent back
    evidence 0.20 of 20: 0 failed, 4 succeeded; the failure rate is 0.0 to 68.4 %
    way back, 100 %: 4 back, 0 failed, 0 kept, 0 to go
archive spring
    spring archived
