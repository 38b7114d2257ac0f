# Failures far above the normal 2 % are evidence long before a sample of twenty: among ten outcomes the second failure
# is not enough, the third is.
fleet 200 sensor_v2 running 1.0.0
    d1 to d200
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h 50%; sample_min 20, failure_threshold 10%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 200 devices
    phase full started, up to device 200
    queued: 200 devices
    = spring rolling, full: acceptances 0 of 20 needed to judge by | 200 not contacted
7 of full succeed
    accepted: d1 d29 d39 d83 d131 d159 d167
    succeeded: d1 d29 d39 d83 d131 d159 d167
    = spring rolling, full: acceptances 7 of 20 needed to judge by | 7 updated, 193 not contacted
2 of full fail self_test restored
    accepted: d90 d181
    failed self_test and went back, retry in 1 h: d90 d181
    = spring rolling, full: acceptances 9 of 20 needed to judge by | 7 updated, 2 failed (2 rolled back), 191 not contacted
status spring
    spring rolling, full: acceptances 9 of 20 needed to judge by | 7 updated, 2 failed (2 rolled back), 191 not contacted
    version 2, 200 devices, 9 exposed
    full 100 %: running | 7 updated, 2 failed (2 rolled back), 191 not contacted
    evidence 8.16 of 20: 2 failed, 7 succeeded; the failure rate is 1.2 to 68.7 %
    errors: 2 self_test
1 of full fail self_test restored
    accepted: d89
    failed self_test and went back, retry in 1 h: d89
    spring paused
    alert spring-paused: paused by itself, 10 exposed
    = spring paused, full: 3 of 10 first attempts failed: more than the normal 2 % with confidence 95 % | 7 updated, 3 failed (3 rolled back), 190 not contacted
status spring
    spring paused, full: 3 of 10 first attempts failed: more than the normal 2 % with confidence 95 % | 7 updated, 3 failed (3 rolled back), 190 not contacted
    version 3, 200 devices, 10 exposed
    full 100 %: running | 7 updated, 3 failed (3 rolled back), 190 not contacted
    evidence 111.30 of 20: 3 failed, 7 succeeded; the failure rate is 3.7 to 73.3 %
    errors: 3 self_test
