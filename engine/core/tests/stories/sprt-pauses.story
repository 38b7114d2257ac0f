# Two failures among the first four outcomes speak for the bad rate.
fleet 200 sensor_v2 running 1.0.0
    d1 to d200
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 20% 1h 80%, full 100% 1h 80%; max_retries 0 with {"gates": {"threshold": false, "confident": false, "sprt": {"bad_failure": 10}}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 200 devices
    phase canary started, up to device 40
    queued: 40 devices
    = spring rolling, canary: acceptances 0 of 20 needed to judge by | 200 not contacted
2 of canary succeed
    accepted: d29 d39
    succeeded: d29 d39
    = spring rolling, canary: acceptances 2 of 20 needed to judge by | 2 updated, 198 not contacted
1 of canary fail self_test restored
    accepted: d131
    failed self_test and went back, no attempt left: d131
    = spring rolling, canary: acceptances 3 of 20 needed to judge by | 2 updated, 1 failed (1 rolled back), 197 not contacted
1 of canary fail self_test restored
    accepted: d167
    failed self_test and went back, no attempt left: d167
    spring paused
    alert spring-paused: paused by itself, 4 exposed
    = spring paused, canary: 2 of 4 first attempts failed: 10 % rather than the normal 2 % with confidence 95 % | 2 updated, 2 failed (2 rolled back), 196 not contacted
resume spring
    spring resumed
    = spring rolling, canary: acceptances 4 of 20 needed to judge by | 2 updated, 2 failed (2 rolled back), 196 not contacted
2 of canary succeed
    accepted: d1 d159
    succeeded: d1 d159
    = spring rolling, canary: acceptances 6 of 20 needed to judge by | 4 updated, 2 failed (2 rolled back), 194 not contacted
