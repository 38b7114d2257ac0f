# Failures all over the fleet have nothing in common: no factor is blamed, but the error that they share is.
fleet 20 sensor_v2 running 1.0.0 region=eu hardware=2
    d1 to d20
fleet 20 sensor_v2 running 1.0.0 region=us hardware=3
    d21 to d40
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 4h timed; max_retries 1, failure_threshold 100%, expected_failure 90%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 40 devices
    phase full started, up to device 40
    queued: 40 devices
    = spring rolling, full: 40 devices without an outcome | 40 not contacted
d1..d4 d21..d24 fail installation
    accepted: d1 d2 d3 d4 d21 d22 d23 d24
    failed installation, retry in 1 h: d1 d2 d3 d4 d21 d22 d23 d24
    = spring rolling, full: 40 devices without an outcome | 8 failed, 32 not contacted
wait 1h
    -- day 0, 01:00
    queued, attempt 2: d1 d2 d3 d4 d21 d22 d23 d24
d1 d2 d21 succeed
    accepted: d1 d2 d21
    succeeded: d1 d2 d21
    = spring rolling, full: 37 devices without an outcome | 3 updated, 5 failed, 32 not contacted
d3 d4 d22 d23 d24 fail installation
    accepted: d3 d4 d22 d23 d24
    failed installation, no attempt left: d3 d4 d22 d23 d24
    = spring rolling, full: 32 devices without an outcome | 3 updated, 5 failed, 32 not contacted
d5..d20 d25..d38 succeed
    accepted: d5 d6 d7 d8 d9 d10 d11 d12 d13 d14 d15 d16
    succeeded: d5 d6 d7 d8 d9 d10 d11 d12 d13 d14 d15 d16
    alert spring-failure_rate: 5 of 20 outcomes failed
    accepted: 18 devices
    succeeded: 18 devices
    = spring rolling, full: 2 devices without an outcome | 33 updated, 5 failed, 2 not contacted
report spring
    all, full: 40 devices | 33 updated, 5 failed, 2 not contacted
    updated 33 at 1 h; failed 5 at 1 h
    failed: 8 of 38 with an outcome
      installation story: 8 devices
      hardware 3: 4 of 18 against 4 of 20, p = 5.89e-1, adjusted 1.00e0
      region us: 4 of 18 against 4 of 20, p = 5.89e-1, adjusted 1.00e0
      hardware 2: 4 of 20 against 4 of 18, p = 7.14e-1, adjusted 1.00e0
      region eu: 4 of 20 against 4 of 18, p = 7.14e-1, adjusted 1.00e0
    success_rate: 86.84 %, target above 95.00 %: missed
    failure_rate: 13.16 %, target below 5.00 %: missed
    time_to_50_percent: 1 h, target below 7 d: met
    time_to_95_percent: not yet, target below 7 d
    time_to_100_percent: not yet, target below 7 d
    campaign_rollback_rate: not yet, target below 1.00 %
    bytes_offered: 1152 bytes
    cost_per_device: 2.88, target below 0.50: missed
    cost: infrastructure 0.01, operations 20.00, support 75.00, total 95.01
    advice: look at one of the devices: the image did not get into its slot (room, flash wear, bootloader) [error_installation]
      because 8 of 8 devices with a failed attempt failed last with installation, code story
    advice: when the cause is mended, have them try again with the command campaign.retry [retry_failed]
      because 5 devices failed for good: their attempts are spent
    advice: see whether what costs most can be had for less [target_missed]
      because 2.88 for each updated device, and 79 % of all is support
wait 24h
    -- day 1, 00:00
    removed, not contacted: d39 d40
    phase full passed
    spring completed
    alert spring-failure_rate is over
    = spring completed, full | 33 updated, 5 failed, 2 removed
report spring
    all, full: 40 devices | 33 updated, 5 failed, 2 removed
    updated 33 at 1 h; failed 5 at 1 h
    failed: 8 of 38 with an outcome
      installation story: 8 devices
      hardware 3: 4 of 18 against 4 of 20, p = 5.89e-1, adjusted 1.00e0
      region us: 4 of 18 against 4 of 20, p = 5.89e-1, adjusted 1.00e0
      hardware 2: 4 of 20 against 4 of 18, p = 7.14e-1, adjusted 1.00e0
      region eu: 4 of 20 against 4 of 18, p = 7.14e-1, adjusted 1.00e0
    success_rate: 86.84 %, target above 95.00 %: missed
    failure_rate: 13.16 %, target below 5.00 %: missed
    time_to_50_percent: 1 h, target below 7 d: met
    time_to_95_percent: not yet, target below 7 d: missed
    time_to_100_percent: not yet, target below 7 d: missed
    campaign_rollback_rate: 0.00 %, target below 1.00 %: met
    bytes_offered: 1152 bytes
    cost_per_device: 2.88, target below 0.50: missed
    cost: infrastructure 0.13, operations 20.00, support 75.00, total 95.13
    advice: look at one of the devices: the image did not get into its slot (room, flash wear, bootloader) [error_installation]
      because 8 of 8 devices with a failed attempt failed last with installation, code story
    advice: when the cause is mended, have them try again with the command campaign.retry [retry_failed]
      because 5 devices failed for good: their attempts are spent
    advice: look for the devices that were never reached, and update them in a campaign of their own [reach_silent]
      because the job of 2 of 40 devices was taken back before they had accepted it
    advice: start larger phases earlier next time, or give the devices that are left more time [target_missed]
      because 33 of 40 devices are updated
    advice: see whether what costs most can be had for less [target_missed]
      because 2.88 for each updated device, and 79 % of all is support
