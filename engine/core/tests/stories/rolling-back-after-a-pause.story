# The pause comes at the failure threshold; what was under way goes on, and takes the campaign over the rollback
# threshold.
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
campaign spring phases full 100% 24h 80%; failure_threshold 20%, sample_min 5, max_retries 0 with {"failure_handling": {"auto_rollback_on_failure": true, "rollback_threshold": 45}, "expected_failure": 19}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase full started, up to device 10
    queued: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 10 not contacted
d6 d7 accept
    accepted: d6 d7
    = spring rolling, full: acceptances 2 of 5 needed to judge by | 2 in progress, 8 not contacted
d1..d3 succeed
    accepted: d1 d2 d3
    succeeded: d1 d2 d3
    = spring rolling, full: outcomes 3 of 5 needed | 3 updated, 2 in progress, 5 not contacted
d4 d5 fail self_test restored
    accepted: d4 d5
    failed self_test and went back, no attempt left: d4 d5
    alert spring-failure_rate: 2 of 5 outcomes failed
    spring paused
    alert spring-paused: paused by itself, 7 exposed
    = spring paused, full: 2 of 5 outcomes failed, more than 20 % | 3 updated, 2 failed (2 rolled back), 2 in progress, 3 not contacted
d6 fails self_test restored
    failed self_test and went back, no attempt left: d6
    spring goes back
    canceled: d8 d9 d10
    queued to go back to 1.0.0: d1 d2 d3
    = spring rolling_back, full: 3 of 6 outcomes failed, more than 45 %; 4 devices still to go back | 3 updated, 3 failed (3 rolled back), 1 in progress, 3 removed
d7 succeeds
    succeeded: d7
    queued to go back to 1.0.0: d7
    = spring rolling_back, full: 3 of 6 outcomes failed, more than 45 %; 4 devices still to go back | 4 updated, 3 failed (3 rolled back), 3 removed
d1..d3 succeed
    went back: d1 d2 d3
    = spring rolling_back, full: 3 of 6 outcomes failed, more than 45 %; 1 device still to go back | 1 updated, 3 failed (3 rolled back), 3 removed, 3 sent back
d7 succeeds
    went back: d7
    spring rolled back
    alert spring-paused is over
    alert spring-failure_rate is over
    = spring rolled_back, full: 3 of 6 outcomes failed, more than 45 % | 3 failed (3 rolled back), 3 removed, 4 sent back
