# After an operator's own pause nothing goes back by itself, whatever comes in; when the operator resumes, it does.
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
campaign spring phases full 100% 24h 80%; sample_min 5, max_retries 0 with {"failure_handling": {"auto_rollback_on_failure": true}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase full started, up to device 10
    queued: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 10 not contacted
d1..d5 accept
    accepted: d1 d2 d3 d4 d5
    = spring rolling, full: outcomes 0 of 5 needed | 5 in progress, 5 not contacted
pause spring because lunch
    spring paused
    = spring paused, full: paused by ann: lunch | 5 in progress, 5 not contacted
d1..d3 succeed
    succeeded: d1 d2 d3
    = spring paused, full: paused by ann: lunch | 3 updated, 2 in progress, 5 not contacted
d4 d5 fail self_test restored
    failed self_test and went back, no attempt left: d4 d5
    alert spring-failure_rate: 2 of 5 outcomes failed
    = spring paused, full: paused by ann: lunch | 3 updated, 2 failed (2 rolled back), 5 not contacted
resume spring
    spring resumed
    spring goes back
    canceled: d6 d7 d8 d9 d10
    queued to go back to 1.0.0: d1 d2 d3
    = spring rolling_back, full: 2 of 5 outcomes failed, more than 20 %; 3 devices still to go back | 3 updated, 2 failed (2 rolled back), 5 removed
d1..d3 succeed
    went back: d1 d2 d3
    spring rolled back
    alert spring-failure_rate is over
    = spring rolled_back, full: 2 of 5 outcomes failed, more than 20 % | 2 failed (2 rolled back), 5 removed, 3 sent back
