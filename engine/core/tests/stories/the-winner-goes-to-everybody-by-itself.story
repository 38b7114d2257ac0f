# With promote_winner the better arm's release goes to all devices once the test is over; those that run it already count.
fleet 300 sensor_v2 running 1.0.0
    d1 to d300
release 2.0.0
    release 2.0.0 of sensor_v2 published
release 2.1.0
    release 2.1.0 of sensor_v2 published
    delta from 2.0.0 to 2.1.0 is to be built
campaign duel of 2.0.0 ; max_retries 0, failure_threshold 90, expected_failure 40 with {"rollout_strategy": "ab", "success_threshold": 50, "ab_testing": {"other": {"model": "sensor_v2", "version": "2.1.0"}, "test_duration_days": 1, "promote_winner": true}}
    campaign duel created
    = duel draft: not started
start duel
    duel staged
    duel started with 300 devices
    phase test started, up to device 300
    queued: 300 devices
    = duel rolling, test: acceptances 0 of 20 needed to judge by | 300 not contacted
wait 10m
test accept
    accepted: 300 devices
    = duel rolling, test: outcomes 0 of 285 needed | 300 in progress
@2.1.0 succeed
    succeeded: 158 devices
    = duel rolling, test: outcomes 158 of 285 needed | 158 updated, 142 in progress
60 of @2.0.0 fail self_test restored
    failed self_test and went back, no attempt left: d1 d2 d8 d11 d15
    duel compared: B, 0 of 5 in arm A, 158 of 158 in arm B
    failed self_test and went back, no attempt left: d17 d19 d21 d22
    alert duel-failure_rate: 9 of 167 outcomes failed
    failed self_test and went back, no attempt left: 51 devices
    = duel rolling, test: outcomes 218 of 285 needed | 158 updated, 60 failed (60 rolled back), 82 in progress
@2.0.0 succeed
    succeeded: 82 devices
    duel monitoring
    = duel monitoring, test: soaking for 23 h 50 m more | 240 updated, 60 failed (60 rolled back)
wait 1d
    -- day 1, 00:00
    phase test passed
    duel completed
    campaign duel-winner created
    duel-winner staged
    alert duel-failure_rate is over
    -- day 1, 00:10
    duel-winner started with 300 devices
    phase canary started, up to device 3
    duel-winner: queued: d89 d132 d170
    = duel completed, test | 240 updated, 60 failed (60 rolled back)
    = duel-winner rolling, canary: acceptances 0 of 3 needed to judge by | 300 not contacted
wait 10m
