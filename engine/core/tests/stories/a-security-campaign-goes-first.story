# A security campaign takes queued jobs of others out of its way, but not what a device has accepted.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%
    campaign spring created
    = spring draft: not started
release 2.0.1
    release 2.0.1 of sensor_v2 published
    delta from 2.0.0 to 2.0.1 is to be built
campaign urgent phases full 100% 1h 50% with {"security": true}
    campaign urgent created
    = urgent draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase full started, up to device 4
    spring: queued: d1 d2 d3 d4
    = spring rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
d1 accepts
    spring: accepted: d1
    = spring rolling, full: acceptances 1 of 4 needed to judge by | 1 in progress, 3 not contacted
start urgent
    urgent staged
    = urgent staged: deltas are being built
wait 10m
    -- day 0, 00:10
    urgent started with 4 devices
    phase full started, up to device 4
    spring: deferred, madeway: d2 d3 d4
    urgent: queued: d2 d3 d4
    urgent: deferred, busy: d1
    = urgent rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 InProgress downloading
    job topic: install 2.0.0 from whole image, good for 1 d 3 h
show d2
    active, runs 1.0.0, urgent attempt 1 Queued
    job topic: install 2.0.1 from whole image, good for 1 d 4 h
d1 succeeds
    spring: succeeded: d1
    urgent: queued: d1
    = spring rolling, full: acceptances 1 of 4 needed to judge by | 1 updated, 3 not contacted
all succeed
    urgent: accepted: d1 d2 d3 d4
    urgent: succeeded: d1 d2 d3 d4
    spring: removed, runs a newer release: d2 d3
    urgent monitoring
    spring: removed, runs a newer release: d4
    spring monitoring
    = spring monitoring, full: soaking for 50 m more | 1 updated, 3 removed
    = urgent monitoring, full: soaking for 1 h more | 4 updated
status spring
    spring monitoring, full: soaking for 50 m more | 1 updated, 3 removed
    version 2, 4 devices, 1 exposed
    full 100 %: soaking | 1 updated, 3 removed
    evidence 0.50 of 20: 0 failed, 1 succeeded; the failure rate is 0.0 to 97.5 %
