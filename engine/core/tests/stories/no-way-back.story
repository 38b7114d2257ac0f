# Where no way back was signed, devices stay, and it is said. A device that has moved on, or has fallen back by itself,
# has no need of one.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0
    release 2.0.0 of sensor_v2 published
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
release 3.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
    delta from 1.0.0 to 3.0.0 is to be built
delta 3.0.0 from 2.0.0 failed
    delta from 2.0.0 to 3.0.0 is not to be had
delta 3.0.0 from 1.0.0 failed
    delta from 1.0.0 to 3.0.0 is not to be had
campaign summer phases first 20% 24h 80%, full 100% 24h 80%
    campaign summer created
    = summer draft: not started
start summer
    summer staged
    summer started with 5 devices
    phase first started, up to device 1
    summer: queued: d5
    = summer rolling, first: acceptances 0 of 1 needed to judge by | 5 not contacted
first succeeds
    summer: accepted: d5
    summer: succeeded: d5
    = summer rolling, first: soaking for 1 d more | 1 updated, 4 not contacted
d1 falls back
roll back spring because security
    spring goes back
    spring: kept, runs another image: d1 d5
    spring: kept, no way back was signed: d2 d3 d4
    spring rolled back
    = spring rolled_back, full: rolled back by ann: security | 5 updated
status spring
    spring rolled_back, full: rolled back by ann: security | 5 updated
    version 3, 5 devices, 5 exposed
    full 100 %: passed | 5 updated
    evidence 0.17 of 20: 0 failed, 5 succeeded; the failure rate is 0.0 to 61.6 %
    way back, 100 %: 0 back, 0 failed, 5 kept, 0 to go
