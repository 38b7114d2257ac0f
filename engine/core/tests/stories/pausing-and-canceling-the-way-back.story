# The way back can be paused and canceled like the way there; what no device has accepted stays as it is then.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0 back to 1.0.0
    release 2.0.0 of sensor_v2 published
    way back from 2.0.0 to 1.0.0
    delta from 1.0.0 to 2.0.0 is to be built
delta 2.0.0 from 1.0.0 failed
    delta from 1.0.0 to 2.0.0 is not to be had
campaign spring phases full 100% 24h 80% with {"rates": {"in_flight_max": 3}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d2 d5
    = spring rolling, full: 3 devices under way, at most 3 are allowed | 5 not contacted
all succeed
    accepted: d1 d2 d5
    succeeded: d1 d2 d5
    queued: d3 d4
    = spring rolling, full: acceptances 3 of 5 needed to judge by | 3 updated, 2 not contacted
all succeed
    accepted: d3 d4
    succeeded: d3 d4
    spring monitoring
    = spring monitoring, full: soaking for 1 d more | 5 updated
all succeed
roll back spring because critical_bug
    spring goes back
    queued to go back to 1.0.0: d1 d2 d5
    = spring rolling_back, full: rolled back by ann: critical bug; 3 devices under way, at most 3 are allowed | 5 updated
d1 accepts
    accepted to go back: d1
pause spring because wait
    spring paused
    = spring paused, full: paused by ann: wait | 5 updated
show d2
    active, runs 2.0.0, spring attempt 1 Queued
    job topic: empty
advance spring
    refused, invalid_transition: spring is paused and cannot be advanced
retry spring
    refused, invalid_transition: spring is paused and cannot be retried
resume spring
    spring resumed
    = spring rolling_back, full: rolled back by ann: critical bug; 3 devices under way, at most 3 are allowed | 5 updated
d1 is trial
cancel spring because enough
    spring canceled
    kept, canceled: d2 d5
    = spring canceled, full: canceled by ann: enough | 5 updated
show d1
    active, runs 2.0.0, spring attempt 1 InProgress trial
    job topic: cancel, good for 1 d 4 h
d1 cancels
    kept, canceled: d1
status spring
    spring canceled, full: canceled by ann: enough | 5 updated
    version 6, 5 devices, 5 exposed
    full 100 %: soaking | 5 updated
    evidence 0.17 of 20: 0 failed, 5 succeeded; the failure rate is 0.0 to 61.6 %
    way back, 100 %: 0 back, 0 failed, 5 kept, 0 to go
