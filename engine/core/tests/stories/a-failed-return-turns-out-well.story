# A device that was given up on its way back and turns up well is put right: what an operator had accepted as a failure is
# none any more, and the gate counts on from there.
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
campaign spring phases full 100% 24h 80%; failure_threshold 40%, sample_min 2, max_retries 0, execution 2h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 6 devices
    phase full started, up to device 6
    queued: d1 d2 d3 d4 d5 d6
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 6 not contacted
all succeed
    accepted: d1 d2 d3 d4 d5 d6
    succeeded: d1 d2 d3 d4 d5 d6
    spring monitoring
    = spring monitoring, full: soaking for 1 d more | 6 updated
roll back spring because critical_bug
    spring goes back
    queued to go back to 1.0.0: d1 d2 d3 d4 d5 d6
    = spring rolling_back, full: rolled back by ann: critical bug; 6 devices still to go back | 6 updated
d1 d2 accept
    accepted to go back: d1 d2
wait 2h
    -- day 0, 02:00
    could not go back, lost_contact, no attempt left: d1 d2
    spring paused
    alert spring-paused: paused by itself, 6 exposed
    = spring paused, full: 2 of 2 devices could not go back, more than 40 % | 6 updated
resume spring
    spring resumed
    = spring rolling_back, full: rolled back by ann: critical bug; 4 devices still to go back | 6 updated
d1 succeeds
    went back: d1
    = spring rolling_back, full: rolled back by ann: critical bug; 4 devices still to go back | 5 updated, 1 sent back
d3 fails installation
    could not go back, installation, no attempt left: d3
    = spring rolling_back, full: rolled back by ann: critical bug; 3 devices still to go back | 5 updated, 1 sent back
d4 succeeds
    went back: d4
    spring paused
    = spring paused, full: 1 of 2 devices could not go back, more than 40 % | 4 updated, 2 sent back
d5 fails installation
status spring
    spring paused, full: 1 of 2 devices could not go back, more than 40 % | 4 updated, 2 sent back
    version 6, 6 devices, 6 exposed
    full 100 %: soaking | 4 updated, 2 sent back
    evidence 0.14 of 20: 0 failed, 6 succeeded; the failure rate is 0.0 to 56.1 %
    way back, 100 %: 2 back, 2 failed, 0 kept, 2 to go
    errors: 1 installation, 2 lost_contact
resume spring
    spring resumed
    = spring rolling_back, full: rolled back by ann: critical bug; 2 devices still to go back | 4 updated, 2 sent back
d2 d6 succeed
    went back: d2 d6
    = spring rolling_back, full: rolled back by ann: critical bug; 1 device still to go back | 2 updated, 4 sent back
status spring
    spring rolling_back, full: rolled back by ann: critical bug; 1 device still to go back | 2 updated, 4 sent back
    version 7, 6 devices, 6 exposed
    full 100 %: soaking | 2 updated, 4 sent back
    evidence 0.14 of 20: 0 failed, 6 succeeded; the failure rate is 0.0 to 56.1 %
    way back, 100 %: 4 back, 1 failed, 0 kept, 1 to go
    errors: 1 installation, 2 lost_contact
