# A device has one job at a time: the second campaign passes over those that are busy and offers again once they are
# free.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
release 3.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
delta 3.0.0 from 2.0.0 useless
    delta from 2.0.0 to 3.0.0 is not to be had
campaign spring of 2.0.0 phases full 100% 1h 50%; failure_threshold 50%
    campaign spring created
    = spring draft: not started
campaign summer of 3.0.0 phases full 100% 1h 50%
    campaign summer created
    = summer draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase full started, up to device 4
    spring: queued: d1 d2 d3 d4
    = spring rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
d1 is downloading 40%
    spring: accepted: d1
    = spring rolling, full: acceptances 1 of 4 needed to judge by | 1 in progress, 3 not contacted
start summer
    summer staged
    summer started with 4 devices
    phase full started, up to device 4
    summer: deferred, busy: d1 d2 d3 d4
    = summer rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 InProgress downloading 40 %
    job topic: install 2.0.0 from whole image, good for 1 d 4 h
d1 succeeds
    spring: succeeded: d1
    summer: queued: d1
    = spring rolling, full: acceptances 1 of 4 needed to judge by | 1 updated, 3 not contacted
d2 fails download
    spring: accepted: d2
    spring: failed download, retry in 1 h: d2
    summer: queued: d2
    = spring rolling, full: acceptances 2 of 4 needed to judge by | 1 updated, 1 failed, 2 not contacted
show d2
    active, runs 1.0.0, summer attempt 1 Queued
    job topic: install 3.0.0 from whole image, good for 1 d 4 h
d1 succeeds
    summer: accepted: d1
    summer: succeeded: d1
    = summer rolling, full: acceptances 1 of 4 needed to judge by | 1 updated, 3 not contacted
d3 d4 succeed
    spring: accepted: d3 d4
    spring: succeeded: d3 d4
    summer: queued: d3
    alert spring-failure_rate: 1 of 4 outcomes failed
    summer: queued: d4
    = spring rolling, full: outcomes 3 of 4 needed | 3 updated, 1 failed
wait 1h
    -- day 0, 01:00
    spring: deferred, busy: d2
d2 d3 d4 succeed
    summer: accepted: d2
    summer: succeeded: d2
    spring: removed, runs a newer release: d2
    phase full passed
    spring completed
    alert spring-failure_rate is over
    summer: accepted: d3 d4
    summer: succeeded: d3 d4
    phase full passed
    summer completed
    = spring completed, full | 3 updated, 1 failed
    = summer completed, full | 4 updated
wait 1h
