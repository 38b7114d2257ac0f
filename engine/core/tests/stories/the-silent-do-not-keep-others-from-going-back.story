# Who fell silent on the way there uses up the exposure, but not that of the way back: a release that silences devices is one that the others must be able to leave.
fleet 7 sensor_v2 running 1.0.0
    d1 to d7
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0 back to 1.0.0
    release 2.0.0 of sensor_v2 published
    way back from 2.0.0 to 1.0.0
    delta from 1.0.0 to 2.0.0 is to be built
delta 2.0.0 from 1.0.0 failed
    delta from 1.0.0 to 2.0.0 is not to be had
campaign spring phases full 100% 1h 10%; max_retries 0, failure_threshold 90, expected_failure 80, execution 1h with {"rates": {"exposure_max": 2}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 7 devices
    phase full started, up to device 7
    queued: d1 d5
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 7 not contacted
full succeed
    accepted: d1 d5
    succeeded: d1 d5
    queued: d2 d7
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 2 updated, 5 not contacted
full succeed
    accepted: d2 d7
    succeeded: d2 d7
    queued: d3 d4
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 4 updated, 3 not contacted
full accept
    accepted: d3 d4
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 4 updated, 2 in progress, 1 not contacted
wait 1h
    -- day 0, 01:00
    timed out, no attempt left: d3 d4
    = spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 4 updated, 2 failed, 1 not contacted
status spring
    spring rolling, full: 2 devices under way or out of sight, at most 2 are allowed | 4 updated, 2 failed, 1 not contacted
    version 2, 7 devices, 6 exposed
    full 100 %: running | 4 updated, 2 failed, 1 not contacted
    evidence 0.22 of 20: 2 failed, 4 succeeded; the failure rate is 2.3 to 83.9 %
    errors: 2 lost_contact
roll back spring because critical_bug
    spring goes back
    queued to go back to 1.0.0: d1 d5
    = spring rolling_back, full: rolled back by ann: critical bug; 2 devices under way or out of sight, at most 2 are allowed | 4 updated, 2 failed, 1 not contacted
full accept
    accepted to go back: d1 d5
# Who falls silent on the way back uses up that of the way back.
wait 1h
    -- day 0, 02:00
    could not go back, lost_contact, no attempt left: d1 d5
status spring
    spring rolling_back, full: rolled back by ann: critical bug; 2 devices under way or out of sight, at most 2 are allowed | 4 updated, 2 failed, 1 not contacted
    version 3, 7 devices, 6 exposed
    full 100 %: running | 4 updated, 2 failed, 1 not contacted
    evidence 0.22 of 20: 2 failed, 4 succeeded; the failure rate is 2.3 to 83.9 %
    way back, 100 %: 0 back, 2 failed, 0 kept, 2 to go
    errors: 4 lost_contact
