# More failures than the description bears: the campaign is taken back in the same step, without a pause before.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0 back to 1.0.0
    release 2.0.0 of sensor_v2 published
    way back from 2.0.0 to 1.0.0
    delta from 1.0.0 to 2.0.0 is to be built
delta 2.0.0 from 1.0.0 failed
    delta from 1.0.0 to 2.0.0 is not to be had
campaign spring phases full 100% 24h 80%; failure_threshold 20%, sample_min 5, max_retries 0 with {"failure_handling": {"auto_rollback_on_failure": true, "rollback_threshold": 20}, "expected_failure": 19}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase full started, up to device 10
    queued: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 10 not contacted
d1..d4 succeed
    accepted: d1 d2 d3 d4
    succeeded: d1 d2 d3 d4
    = spring rolling, full: acceptances 4 of 5 needed to judge by | 4 updated, 6 not contacted
d5 fails self_test restored
    accepted: d5
    failed self_test and went back, no attempt left: d5
    alert spring-failure_rate: 1 of 5 outcomes failed
    = spring rolling, full: 5 devices without an outcome | 4 updated, 1 failed (1 rolled back), 5 not contacted
status spring
    spring rolling, full: 5 devices without an outcome | 4 updated, 1 failed (1 rolled back), 5 not contacted
    version 2, 10 devices, 5 exposed
    full 100 %: running | 4 updated, 1 failed (1 rolled back), 5 not contacted
    evidence 0.34 of 20: 1 failed, 4 succeeded; the failure rate is 0.2 to 78.5 %
    errors: 1 self_test
d6 fails self_test restored
    accepted: d6
    failed self_test and went back, no attempt left: d6
    spring goes back
    canceled: d7 d8 d9 d10
    queued to go back to 1.0.0: d1 d2 d3 d4
    = spring rolling_back, full: 2 of 6 outcomes failed, more than 20 %; 4 devices still to go back | 4 updated, 2 failed (2 rolled back), 4 removed
d1..d4 succeed
    went back: d1 d2 d3 d4
    spring rolled back
    alert spring-failure_rate is over
    = spring rolled_back, full: 2 of 6 outcomes failed, more than 20 % | 2 failed (2 rolled back), 4 removed, 4 sent back
show d5
    active, runs 1.0.0, spring attempt 1 Failed
    job topic: empty
status spring
    spring rolled_back, full: 2 of 6 outcomes failed, more than 20 % | 2 failed (2 rolled back), 4 removed, 4 sent back
    version 3, 10 devices, 6 exposed
    full 100 %: soaking | 2 failed (2 rolled back), 4 removed, 4 sent back
    evidence 0.66 of 20: 2 failed, 4 succeeded; the failure rate is 2.3 to 83.9 %
    way back, 100 %: 4 back, 0 failed, 0 kept, 0 to go
    errors: 2 self_test
