# Compared with nothing, arm B stays as it is; how long its devices take to boot is what arm A is held against.
fleet 240 sensor_v2 running 1.0.0
    d1 to d240
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign trial ; max_retries 0 with {"rollout_strategy": "ab", "ab_testing": {"other": "none", "metrics": ["success_rate", "boot_time"], "split_percentage": 50, "test_duration_days": 2}}
    campaign trial created
    = trial draft: not started
start trial
    trial staged
    trial started with 122 devices
    phase test started, up to device 122
    queued: 122 devices
    = trial rolling, test: acceptances 0 of 20 needed to judge by | 122 not contacted
d1..d80 boot in 3s
d81..d160 boot in 5s
d161..d240 boot in 4s
d1..d240 report
test boot in 9s
test succeed
    accepted: 50 devices
    succeeded: 50 devices
    trial compared: B, 50 of 50 in arm A, 0 of 0 in arm B
    accepted: 72 devices
    succeeded: 72 devices
    trial monitoring
    = trial monitoring, test: soaking for 2 d more | 122 updated
status trial
    trial monitoring, test: soaking for 2 d more | 122 updated
    version 2, 122 devices, 122 exposed
    test 100 %: soaking | 122 updated
    evidence 0.01 of 20: 0 failed, 122 succeeded; the failure rate is 0.0 to 6.2 %
    arm B is better
    arm a 2.0.0: 122 devices, 122 of 122 succeeded, boots in 9000 ms
    arm b : 0 devices, 0 of 0 succeeded, boots in 3983 ms
wait 2d
    -- day 2, 00:00
    phase test passed
    trial completed
    = trial completed, test | 122 updated
status trial
    trial completed, test | 122 updated
    version 2, 122 devices, 122 exposed
    test 100 %: passed | 122 updated
    evidence 0.01 of 20: 0 failed, 122 succeeded; the failure rate is 0.0 to 6.2 %
    arm B is better
    arm a 2.0.0: 122 devices, 122 of 122 succeeded, boots in 9000 ms
    arm b : 0 devices, 0 of 0 succeeded, boots in 3983 ms
promote trial arm b
    refused, invalid_transition: this arm of trial was given nothing
promote trial arm a
    campaign trial-winner created
    trial-winner staged
    trial-winner started with 240 devices
    phase canary started, up to device 3
    trial-winner: ran it already: d1 d187 d206
    = trial-winner rolling, canary: soaking for 1 d more | 3 updated, 237 not contacted
