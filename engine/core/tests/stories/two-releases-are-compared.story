# Two releases are given to two arms, drawn by a stable hash; the better one is found, and goes to everybody by command.
fleet 400 sensor_v2 running 1.0.0
    d1 to d400
release 2.0.0
    release 2.0.0 of sensor_v2 published
release 2.1.0
    release 2.1.0 of sensor_v2 published
    delta from 2.0.0 to 2.1.0 is to be built
campaign duel of 2.0.0 ; max_retries 0, failure_threshold 90, expected_failure 40 with {"rollout_strategy": "ab_test", "success_threshold": 70, "ab_testing": {"other": {"model": "sensor_v2", "version": "2.1.0"}, "split_percentage": 50}}
    campaign duel created
    = duel draft: not started
start duel
    duel staged
    duel started with 400 devices
    phase test started, up to device 400
    queued: 400 devices
    = duel rolling, test: acceptances 0 of 20 needed to judge by | 400 not contacted
wait 10m
test accept
    accepted: 400 devices
    = duel rolling, test: outcomes 0 of 380 needed | 400 in progress
show d1
    active, runs 1.0.0, duel attempt 1 InProgress downloading
    job topic: install 2.0.0 from whole image, good for 1 d 3 h
show d4
    active, runs 1.0.0, duel attempt 1 InProgress downloading
    job topic: install 2.1.0 from whole image, good for 1 d 3 h
@2.1.0 succeed
    succeeded: 213 devices
    = duel rolling, test: outcomes 213 of 380 needed | 213 updated, 187 in progress
promote duel arm b
    refused, invalid_transition: duel is rolling and cannot be promoted: its test is not over
40 of @2.0.0 fail self_test restored
    failed self_test and went back, no attempt left: d1 d2 d8 d11 d15
    duel compared: B, 0 of 5 in arm A, 213 of 213 in arm B
    failed self_test and went back, no attempt left: d17 d19 d21 d22 d25 d26 d32
    alert duel-failure_rate: 12 of 225 outcomes failed
    failed self_test and went back, no attempt left: 28 devices
    = duel rolling, test: outcomes 253 of 380 needed | 213 updated, 40 failed (40 rolled back), 147 in progress
20 of @2.0.0 succeed
    succeeded: 20 devices
    = duel rolling, test: outcomes 273 of 380 needed | 233 updated, 40 failed (40 rolled back), 127 in progress
status duel
    duel rolling, test: outcomes 273 of 380 needed | 233 updated, 40 failed (40 rolled back), 127 in progress
    version 2, 400 devices, 400 exposed
    test 100 %: running | 233 updated, 40 failed (40 rolled back), 127 in progress
    evidence 0.01 of 20: 40 failed, 233 succeeded; the failure rate is 8.3 to 23.0 %
    arm B is better
    arm a 2.0.0: 187 devices, 20 of 60 succeeded
    arm b 2.1.0: 213 devices, 213 of 213 succeeded
    errors: 40 self_test
@2.0.0 succeed
    succeeded: 127 devices
    duel monitoring
    = duel monitoring, test: soaking for 6 d 23 h more | 360 updated, 40 failed (40 rolled back)
wait 7d
    -- day 7, 00:00
    phase test passed
    duel completed
    alert duel-failure_rate is over
    = duel completed, test | 360 updated, 40 failed (40 rolled back)
status duel
    duel completed, test | 360 updated, 40 failed (40 rolled back)
    version 2, 400 devices, 400 exposed
    test 100 %: passed | 360 updated, 40 failed (40 rolled back)
    evidence 0.00 of 20: 40 failed, 360 succeeded; the failure rate is 5.5 to 16.1 %
    arm B is better
    arm a 2.0.0: 187 devices, 147 of 187 succeeded
    arm b 2.1.0: 213 devices, 213 of 213 succeeded
    errors: 40 self_test
promote duel arm c
    refused, malformed: arm: unknown value 'c'; allowed are a, b
promote duel arm b
    campaign duel-winner created
    duel-winner staged
    = duel-winner staged: deltas are being built
promote duel arm b
    refused, invalid_transition: duel-winner is taken, or too long for an id
