# Devices that cannot go back are tried again; when too many cannot, the way back pauses, and an operator may go on.
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
campaign spring phases full 100% 24h 80%; failure_threshold 30%, sample_min 3, max_retries 1, backoff 1h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 6 devices
    phase full started, up to device 6
    queued: d1 d2 d3 d4 d5 d6
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 6 not contacted
all succeed
    accepted: d1 d2 d3 d4 d5 d6
    succeeded: d1 d2 d3 d4 d5 d6
    spring monitoring
    = spring monitoring, full: soaking for 1 d more | 6 updated
wait 24h
    -- day 1, 00:00
    phase full passed
    spring completed
    = spring completed, full | 6 updated
roll back spring because critical_bug
    spring goes back
    queued to go back to 1.0.0: d1 d2 d3 d4 d5 d6
    = spring rolling_back, full: rolled back by ann: critical bug; 6 devices still to go back | 6 updated
d1 succeeds
    went back: d1
    = spring rolling_back, full: rolled back by ann: critical bug; 5 devices still to go back | 5 updated, 1 sent back
d2 fails download
    could not go back, download, retry in 1 h: d2
d3 rejects
    could not go back, rejected, no attempt left: d3
    = spring rolling_back, full: rolled back by ann: critical bug; 4 devices still to go back | 5 updated, 1 sent back
d4 accepts
    accepted to go back: d4
d5 fails installation restored
    could not go back, installation, retry in 1 h: d5
show d2
    active, runs 2.0.0, spring attempt 1 Failed
    job topic: empty
wait 1h
    -- day 1, 01:00
    queued to go back to 1.0.0, attempt 2: d2 d5
d2 d5 fail installation
    could not go back, installation, no attempt left: d2
    spring paused
    alert spring-paused: paused by itself, 6 exposed
    could not go back, installation, no attempt left: d5
    = spring paused, full: 2 of 3 devices could not go back, more than 30 % | 5 updated, 1 sent back
status spring
    spring paused, full: 2 of 3 devices could not go back, more than 30 % | 5 updated, 1 sent back
    version 4, 6 devices, 6 exposed
    full 100 %: passed | 5 updated, 1 sent back
    evidence 0.14 of 20: 0 failed, 6 succeeded; the failure rate is 0.0 to 56.1 %
    way back, 100 %: 1 back, 3 failed, 0 kept, 2 to go
    errors: 1 download, 3 installation, 1 rejected
show d6
    active, runs 2.0.0, spring attempt 1 Queued
    job topic: empty
resume spring
    spring resumed
    = spring rolling_back, full: rolled back by ann: critical bug; 2 devices still to go back | 5 updated, 1 sent back
d4 d6 succeed
    went back: d4 d6
    spring rolled back
    alert spring-paused is over
    = spring rolled_back, full: rolled back by ann: critical bug | 3 updated, 3 sent back
status spring
    spring rolled_back, full: rolled back by ann: critical bug | 3 updated, 3 sent back
    version 5, 6 devices, 6 exposed
    full 100 %: passed | 3 updated, 3 sent back
    evidence 0.14 of 20: 0 failed, 6 succeeded; the failure rate is 0.0 to 56.1 %
    way back, 100 %: 3 back, 3 failed, 0 kept, 0 to go
    errors: 1 download, 3 installation, 1 rejected
show d3
    active, runs 2.0.0, spring attempt 1 Failed
    job topic: empty
