# Devices refuse to go back to an older release, so one that runs a newer one is not offered it, and counts neither way.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
fleet 1 sensor_v2 running 3.0.0
    d3 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
release 3.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
delta 3.0.0 from 2.0.0 useless
    delta from 2.0.0 to 3.0.0 is not to be had
campaign spring of 2.0.0 phases full 100% 1h 95%; failure_threshold 60%
    campaign spring created
    = spring draft: not started
campaign summer of 3.0.0 phases full 100% 1h 95%
    campaign summer created
    = summer draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    spring: queued: d1 d2
    spring: removed, runs a newer release: d3
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted, 1 removed
d1 fails download
    spring: accepted: d1
    spring: failed download, retry in 1 h: d1
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 1 failed, 1 not contacted, 1 removed
d2 succeeds
    spring: accepted: d2
    spring: succeeded: d2
    alert spring-failure_rate: 1 of 2 outcomes failed
    = spring rolling, full: outcomes 1 of 2 needed | 1 updated, 1 failed, 1 removed
start summer
    summer staged
    summer started with 3 devices
    phase full started, up to device 3
    summer: queued: d1 d2
    summer: ran it already: d3
    = summer rolling, full: acceptances 1 of 3 needed to judge by | 1 updated, 2 not contacted
d1 d2 succeed
    summer: accepted: d1 d2
    summer: succeeded: d1 d2
    summer monitoring
    = summer monitoring, full: soaking for 1 h more | 3 updated
wait 1h
    -- day 0, 01:00
    spring: removed, runs a newer release: d1
    spring paused
    alert spring-paused: paused by itself, 2 exposed
    phase full passed
    summer completed
    = spring paused, full: lost 1 of 2 devices up to phase full; 95 % success can no longer be reached | 1 updated, 1 failed, 1 removed
    = summer completed, full | 3 updated
status spring
    spring paused, full: lost 1 of 2 devices up to phase full; 95 % success can no longer be reached | 1 updated, 1 failed, 1 removed
    version 3, 3 devices, 2 exposed
    full 100 %: soaking | 1 updated, 1 failed, 1 removed
    evidence 0.50 of 20: 0 failed, 1 succeeded; the failure rate is 0.0 to 97.5 %
    errors: 1 download
