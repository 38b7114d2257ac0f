# A device that goes back to its old image by itself has not succeeded after all, and the evidence moves with it.
fleet 40 sensor_v2 running 1.0.0
    d1 to d40
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 50% 24h 90%, full 100% 24h 90%; sample_min 20
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 40 devices
    phase canary started, up to device 20
    queued: 20 devices
    = spring rolling, canary: acceptances 0 of 20 needed to judge by | 40 not contacted
canary succeed
    accepted: 20 devices
    succeeded: 20 devices
    = spring rolling, canary: soaking for 1 d more | 20 updated, 20 not contacted
status spring
    spring rolling, canary: soaking for 1 d more | 20 updated, 20 not contacted
    version 2, 40 devices, 20 exposed
    canary 50 %: soaking | 20 updated
    full 100 %: pending | 20 not contacted
    evidence 0.05 of 20: 0 failed, 20 succeeded; the failure rate is 0.0 to 26.1 %
d1 falls back
    success retracted: d1
    = spring rolling, canary: soaking for 1 d more | 19 updated, 1 failed (1 rolled back), 20 not contacted
status spring
    spring rolling, canary: soaking for 1 d more | 19 updated, 1 failed (1 rolled back), 20 not contacted
    version 2, 40 devices, 20 exposed
    canary 50 %: soaking | 19 updated, 1 failed (1 rolled back)
    full 100 %: pending | 20 not contacted
    evidence 0.17 of 20: 1 failed, 19 succeeded; the failure rate is 0.0 to 34.2 %
show d1
    active, runs 1.0.0, spring attempt 1 RolledBack
    job topic: empty
d8 falls back
    success retracted: d8
    alert spring-failure_rate: 2 of 20 outcomes failed
    = spring rolling, canary: soaking for 1 d more | 18 updated, 2 failed (2 rolled back), 20 not contacted
d9 falls back
    success retracted: d9
    spring paused
    alert spring-paused: paused by itself, 20 exposed
    = spring paused, canary: 3 of 20 outcomes failed, more than 10 % | 17 updated, 3 failed (3 rolled back), 20 not contacted
status spring
    spring paused, canary: 3 of 20 outcomes failed, more than 10 % | 17 updated, 3 failed (3 rolled back), 20 not contacted
    version 3, 40 devices, 20 exposed
    canary 50 %: soaking | 17 updated, 3 failed (3 rolled back)
    full 100 %: pending | 20 not contacted
    evidence 7.51 of 20: 3 failed, 17 succeeded; the failure rate is 1.4 to 47.1 %
