# A device that another campaign works on goes back when that is over; one in maintenance when it comes out of it; one
# that is retired not at all. A device that the other campaign has moved on has no need to go back.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 1.0.0 sequence 10
    release 1.0.0 of sensor_v2 published
release 2.0.0 sequence 20 back to 1.0.0
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
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d2 d3 d4 d5
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 5 not contacted
all succeed
    accepted: d1 d2 d3 d4 d5
    succeeded: d1 d2 d3 d4 d5
    spring monitoring
    = spring monitoring, full: soaking for 1 d more | 5 updated
wait 24h
    -- day 1, 00:00
    phase full passed
    spring completed
    = spring completed, full | 5 updated
release 3.0.0 sequence 30
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
    delta from 1.0.0 to 3.0.0 is to be built
delta 3.0.0 from 2.0.0 failed
    delta from 2.0.0 to 3.0.0 is not to be had
delta 3.0.0 from 1.0.0 failed
    delta from 1.0.0 to 3.0.0 is not to be had
campaign summer phases first 20% 24h 80%, full 100% 24h 80%; failure_threshold 50%, max_retries 0
    campaign summer created
    = summer draft: not started
start summer
    summer staged
    summer started with 5 devices
    phase first started, up to device 1
    summer: queued: d5
    = summer rolling, first: acceptances 0 of 1 needed to judge by | 5 not contacted
advance summer
    phase first advanced
    phase full started, up to device 5
    summer: queued: d1 d2 d3 d4
    = summer rolling, full: acceptances 0 of 5 needed to judge by | 5 not contacted
d1..d5 take
d1 accepts
    summer: accepted: d1
    = summer rolling, full: acceptances 1 of 5 needed to judge by | 1 in progress, 4 not contacted
d2 accepts
    summer: accepted: d2
    = summer rolling, full: acceptances 2 of 5 needed to judge by | 2 in progress, 3 not contacted
maintain d3
    summer: deferred, maintenance: d3
    maintenance: d3
pause summer
    summer paused
    = summer paused, full: paused by ann | 2 in progress, 3 not contacted
roll back spring because security
    spring goes back
    spring: goes back later, busy: d1 d2
    summer: deferred, madeway: d4 d5
    spring: queued to go back to 1.0.0: d4 d5
    spring: goes back later, maintenance: d3
    = spring rolling_back, full: rolled back by ann: security; 5 devices still to go back, 3 of them busy or out of reach | 5 updated
d1 succeeds
    summer: succeeded: d1
    spring: kept, runs another image: d1
    = spring rolling_back, full: rolled back by ann: security; 4 devices still to go back, 2 of them busy or out of reach | 5 updated
    = summer paused, full: paused by ann | 1 updated, 1 in progress, 3 not contacted
d2 fails download
    summer: failed download, no attempt left: d2
    spring: queued to go back to 1.0.0: d2
    = spring rolling_back, full: rolled back by ann: security; 4 devices still to go back, 1 of them busy or out of reach | 5 updated
    = summer paused, full: paused by ann | 1 updated, 1 failed, 3 not contacted
show d4
    active, runs 2.0.0, spring attempt 1 Queued
    job topic: go back to 1.0.0 from whole image, good for 1 d 4 h
d4 is downloading
    spring: accepted to go back: d4
retire d4
    spring: kept, retired: d4
    retired: d4
    = spring rolling_back, full: rolled back by ann: security; 3 devices still to go back, 1 of them busy or out of reach | 5 updated
activate d3
    active: d3
    spring: queued to go back to 1.0.0: d3
    = spring rolling_back, full: rolled back by ann: security; 3 devices still to go back | 5 updated
d5 succeeds
    spring: went back: d5
    = spring rolling_back, full: rolled back by ann: security; 2 devices still to go back | 4 updated, 1 sent back
resume summer
    summer resumed
    summer: queued: d5
    summer: removed, retired: d4
    summer paused
    alert summer-paused: paused by itself, 2 exposed
    = summer paused, full: lost 1 of 4 devices up to phase full; 80 % success can no longer be reached | 1 updated, 1 failed, 2 not contacted, 1 removed
d2 succeeds
    spring: went back: d2
    = spring rolling_back, full: rolled back by ann: security; 1 device still to go back | 3 updated, 2 sent back
d3 succeeds
    spring: went back: d3
    spring rolled back
    = spring rolled_back, full: rolled back by ann: security | 2 updated, 3 sent back
status spring
    spring rolled_back, full: rolled back by ann: security | 2 updated, 3 sent back
    version 3, 5 devices, 5 exposed
    full 100 %: passed | 2 updated, 3 sent back
    evidence 0.17 of 20: 0 failed, 5 succeeded; the failure rate is 0.0 to 61.6 %
    way back, 100 %: 3 back, 0 failed, 2 kept, 0 to go
