# Hardware 3 is what fails, and it is the very devices that came from 1.1.0; then, among the others, region eu.
fleet 30 sensor_v2 running 1.0.0 region=eu hardware=2
    d1 to d30
fleet 40 sensor_v2 running 1.0.0 region=us hardware=2
    d31 to d70
fleet 20 sensor_v2 running 1.1.0 region=us hardware=3
    d71 to d90
fleet 10 sensor_v2 running 2.0.0 region=us hardware=2
    d91 to d100
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 4h timed; max_retries 0, failure_threshold 100%, expected_failure 50%
    campaign spring created
    = spring draft: not started
report spring
    updated; failed
    failed: 0 of 0 with an outcome
    success_rate: not yet, target above 95.00 %
    failure_rate: not yet, target below 5.00 %
    time_to_50_percent: not yet, target below 7 d
    time_to_95_percent: not yet, target below 7 d
    time_to_100_percent: not yet, target below 7 d
    campaign_rollback_rate: not yet, target below 1.00 %
    bytes_offered: 0 bytes
    cost_per_device: not yet, target below 0.50
    cost: infrastructure 0.00, operations 20.00, support 0.00, total 20.00
start spring
    spring staged
    spring started with 100 devices
    phase full started, up to device 100
    queued: 90 devices
    ran it already: d91 d92 d93 d94 d95 d96 d97 d98 d99 d100
    = spring rolling, full: 90 devices without an outcome | 10 updated, 90 not contacted
d11..d70 succeed
    accepted: 60 devices
    succeeded: 60 devices
    = spring rolling, full: 30 devices without an outcome | 70 updated, 30 not contacted
wait 90m
d71..d88 fail self_test restored
    accepted: d71 d72 d73 d74
    failed self_test and went back, no attempt left: d71 d72 d73 d74
    alert spring-failure_rate: 4 of 74 outcomes failed
    accepted: 14 devices
    failed self_test and went back, no attempt left: 14 devices
    = spring rolling, full: 12 devices without an outcome | 70 updated, 18 failed (18 rolled back), 12 not contacted
d1..d8 fail download
    accepted: d1 d2 d3 d4 d5 d6 d7 d8
    failed download, no attempt left: d1 d2 d3 d4 d5 d6 d7 d8
    = spring rolling, full: 4 devices without an outcome | 70 updated, 26 failed (18 rolled back), 4 not contacted
d9 d10 d89 succeed
    accepted: d9 d10 d89
    succeeded: d9 d10 d89
    = spring rolling, full: 1 device without an outcome | 73 updated, 26 failed (18 rolled back), 1 not contacted
report spring
    all, full: 100 devices | 73 updated, 26 failed (18 rolled back), 1 not contacted
    updated 70 at 0 ms, 3 at 1 h 30 m; failed 26 at 1 h 30 m
    failed: 26 of 89 with an outcome
      self_test story: 18 devices
      download story: 8 devices
    finding: hardware 3: 18 of 19 devices failed, against 8 of 70 elsewhere: 7.9 times as often (95 % interval 4.2 to 14.9), with confidence above 99.9 %
      same devices: source version 1.1.0
    finding: region eu: 8 of 30 devices failed, against 0 of 40 elsewhere: at least 1.4 times as often (95 % interval), with confidence 99.9 %
      hardware 3: 18 of 19 against 8 of 70, p = 8.75e-12, adjusted 5.25e-11
      source version 1.1.0: 18 of 19 against 8 of 70, p = 8.75e-12, adjusted 5.25e-11
      region us: 18 of 59 against 8 of 30, p = 4.53e-1, adjusted 1.00e0
      region eu: 8 of 30 against 18 of 59, p = 7.31e-1, adjusted 1.00e0
      hardware 2: 8 of 70 against 18 of 19, p = 1.00e0, adjusted 1.00e0
      source version 1.0.0: 8 of 70 against 18 of 19, p = 1.00e0, adjusted 1.00e0
    success_rate: 73.74 %, target above 95.00 %: missed
    failure_rate: 26.26 %, target below 5.00 %: missed
    time_to_50_percent: 0 ms, target below 7 d: met
    time_to_95_percent: not yet, target below 7 d
    time_to_100_percent: not yet, target below 7 d
    campaign_rollback_rate: not yet, target below 1.00 %
    bytes_offered: 2160 bytes
    cost_per_device: 5.62, target below 0.50: missed
    cost: infrastructure 0.02, operations 20.00, support 390.00, total 410.02
    advice: find out what is different about hardware 3 (the same devices as source version 1.1.0); until then keep such devices out of the campaign [look_into_factor]
      because hardware 3: 18 of 19 devices failed, against 8 of 70 elsewhere: 7.9 times as often (95 % interval 4.2 to 14.9), with confidence above 99.9 %
    advice: find out what is different about region eu; until then keep such devices out of the campaign [look_into_factor]
      because region eu: 8 of 30 devices failed, against 0 of 40 elsewhere: at least 1.4 times as often (95 % interval), with confidence 99.9 %
    advice: treat the release as faulty on these devices: it booted there and did not pass its own test [error_self_test]
      because 18 of 26 devices with a failed attempt failed last with self_test, code story
    advice: when the cause is mended, have them try again with the command campaign.retry [retry_failed]
      because 26 devices failed for good: their attempts are spent
    advice: see whether what costs most can be had for less [target_missed]
      because 5.62 for each updated device, and 95 % of all is support
wait 3h
report spring
    all, full: 100 devices | 73 updated, 26 failed (18 rolled back), 1 not contacted
    updated 70 at 0 ms, 3 at 1 h 30 m; failed 26 at 1 h 30 m
    failed: 26 of 89 with an outcome
      self_test story: 18 devices
      download story: 8 devices
    finding: hardware 3: 18 of 19 devices failed, against 8 of 70 elsewhere: 7.9 times as often (95 % interval 4.2 to 14.9), with confidence above 99.9 %
      same devices: source version 1.1.0
    finding: region eu: 8 of 30 devices failed, against 0 of 40 elsewhere: at least 1.4 times as often (95 % interval), with confidence 99.9 %
      hardware 3: 18 of 19 against 8 of 70, p = 8.75e-12, adjusted 5.25e-11
      source version 1.1.0: 18 of 19 against 8 of 70, p = 8.75e-12, adjusted 5.25e-11
      region us: 18 of 59 against 8 of 30, p = 4.53e-1, adjusted 1.00e0
      region eu: 8 of 30 against 18 of 59, p = 7.31e-1, adjusted 1.00e0
      hardware 2: 8 of 70 against 18 of 19, p = 1.00e0, adjusted 1.00e0
      source version 1.0.0: 8 of 70 against 18 of 19, p = 1.00e0, adjusted 1.00e0
    success_rate: 73.74 %, target above 95.00 %: missed
    failure_rate: 26.26 %, target below 5.00 %: missed
    time_to_50_percent: 0 ms, target below 7 d: met
    time_to_95_percent: not yet, target below 7 d
    time_to_100_percent: not yet, target below 7 d
    campaign_rollback_rate: not yet, target below 1.00 %
    bytes_offered: 2160 bytes
    cost_per_device: 5.62, target below 0.50: missed
    cost: infrastructure 0.06, operations 20.00, support 390.00, total 410.06
    advice: find out what is different about hardware 3 (the same devices as source version 1.1.0); until then keep such devices out of the campaign [look_into_factor]
      because hardware 3: 18 of 19 devices failed, against 8 of 70 elsewhere: 7.9 times as often (95 % interval 4.2 to 14.9), with confidence above 99.9 %
    advice: find out what is different about region eu; until then keep such devices out of the campaign [look_into_factor]
      because region eu: 8 of 30 devices failed, against 0 of 40 elsewhere: at least 1.4 times as often (95 % interval), with confidence 99.9 %
    advice: treat the release as faulty on these devices: it booted there and did not pass its own test [error_self_test]
      because 18 of 26 devices with a failed attempt failed last with self_test, code story
    advice: when the cause is mended, have them try again with the command campaign.retry [retry_failed]
      because 26 devices failed for good: their attempts are spent
    advice: see whether what costs most can be had for less [target_missed]
      because 5.62 for each updated device, and 95 % of all is support
