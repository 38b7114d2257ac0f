# Who does not take the job to go back gets it again when it is heard of, until the campaign's time is over, counted
# from the start of the way back.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0 back to 1.0.0
    release 2.0.0 of sensor_v2 published
    way back from 2.0.0 to 1.0.0
    delta from 1.0.0 to 2.0.0 is to be built
delta 2.0.0 from 1.0.0 failed
    delta from 1.0.0 to 2.0.0 is not to be had
campaign spring phases full 100% 24h 80%; deadline 3d, contact 6h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase full started, up to device 4
    queued: d1 d2 d3 d4
    = spring rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
all succeed
    accepted: d1 d2 d3 d4
    succeeded: d1 d2 d3 d4
    spring monitoring
    = spring monitoring, full: soaking for 1 d more | 4 updated
wait 48h
    -- day 1, 00:00
    phase full passed
    spring completed
    = spring completed, full | 4 updated
roll back spring because critical_bug
    spring goes back
    queued to go back to 1.0.0: d1 d2 d3 d4
    = spring rolling_back, full: rolled back by ann: critical bug; 4 devices still to go back | 4 updated
d1 succeeds
    went back: d1
    = spring rolling_back, full: rolled back by ann: critical bug; 3 devices still to go back | 3 updated, 1 sent back
d2 accepts
    accepted to go back: d2
wait 6h
    -- day 2, 04:00
    could not go back, lost_contact, retry in 1 h: d2
    -- day 2, 05:00
    queued to go back to 1.0.0, attempt 2: d2
    -- day 2, 06:00
    goes back later, not contacted: d3 d4
    = spring rolling_back, full: rolled back by ann: critical bug; 3 devices still to go back, 2 of them busy or out of reach | 3 updated, 1 sent back
status spring
    spring rolling_back, full: rolled back by ann: critical bug; 3 devices still to go back, 2 of them busy or out of reach | 3 updated, 1 sent back
    version 3, 4 devices, 4 exposed
    full 100 %: passed | 3 updated, 1 sent back
    evidence 0.20 of 20: 0 failed, 4 succeeded; the failure rate is 0.0 to 68.4 %
    way back, 100 %: 1 back, 0 failed, 0 kept, 3 to go
    errors: 1 lost_contact
wait 1m
d3 greets
    queued to go back to 1.0.0: d3
    = spring rolling_back, full: rolled back by ann: critical bug; 3 devices still to go back, 1 of them busy or out of reach | 3 updated, 1 sent back
show d3
    active, runs 2.0.0, spring attempt 1 Queued
    job topic: go back to 1.0.0 from whole image, good for 10 h
d3 succeeds
    went back: d3
    = spring rolling_back, full: rolled back by ann: critical bug; 2 devices still to go back, 1 of them busy or out of reach | 2 updated, 2 sent back
show d4
    active, runs 2.0.0, spring attempt 0 Succeeded
    job topic: empty
maintain d4
    maintenance: d4
d4 greets
activate d4
    active: d4
    queued to go back to 1.0.0: d4
    = spring rolling_back, full: rolled back by ann: critical bug; 2 devices still to go back | 2 updated, 2 sent back
wait 4d
    -- day 2, 11:00
    goes back later, not contacted: d2
    -- day 2, 12:01
    goes back later, not contacted: d4
    -- day 3, 00:00
    alert spring-timeouts: 1 without an outcome for 1 d
    -- day 3, 12:01
    alert spring-stalled: nothing for 1 d, 2 waited for
    -- day 5, 00:00
    kept, not contacted: d2 d4
    alert spring-timeouts is over
    alert spring-stalled is over
    spring rolled back
    = spring rolled_back, full: rolled back by ann: critical bug | 2 updated, 2 sent back
status spring
    spring rolled_back, full: rolled back by ann: critical bug | 2 updated, 2 sent back
    version 3, 4 devices, 4 exposed
    full 100 %: passed | 2 updated, 2 sent back
    evidence 0.20 of 20: 0 failed, 4 succeeded; the failure rate is 0.0 to 68.4 %
    way back, 100 %: 2 back, 0 failed, 2 kept, 0 to go
    errors: 1 lost_contact
