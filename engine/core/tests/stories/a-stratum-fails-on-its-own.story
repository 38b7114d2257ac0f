# A release that fails on one of four models of a fleet is stopped by its evidence there; the sum of all would hide it.
fleet 100 sensor_v2 running 1.0.0 hardware=A
    d1 to d100
fleet 100 sensor_v2 running 1.0.0 hardware=B
    d101 to d200
fleet 100 sensor_v2 running 1.0.0 hardware=C
    d201 to d300
fleet 12 sensor_v2 running 1.0.0 hardware=D
    d301 to d312
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%; max_retries 0, expected_failure 5 with {"gates": {"threshold": false, "strata": "hardware_revision"}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 312 devices
    phase full started, up to device 312
    queued: 312 devices
    = spring rolling, full: acceptances 0 of 20 needed to judge by | 312 not contacted
d1..d300 succeed
    accepted: 300 devices
    succeeded: 300 devices
    = spring rolling, full: 12 devices without an outcome | 300 updated, 12 not contacted
d301 d302 d303 d304 d305 fail self_test restored
    accepted: d301 d302
    failed self_test and went back, no attempt left: d301 d302
    spring paused
    alert spring-paused: paused by itself, 302 exposed
    accepted: d303 d304 d305
    failed self_test and went back, no attempt left: d303 d304 d305
    = spring paused, full: 2 of 2 first attempts failed where hardware_revision is D: more than the normal 5 % with confidence 95 % | 300 updated, 5 failed (5 rolled back), 7 not contacted
status spring
    spring paused, full: 2 of 2 first attempts failed where hardware_revision is D: more than the normal 5 % with confidence 95 % | 300 updated, 5 failed (5 rolled back), 7 not contacted
    version 3, 312 devices, 305 exposed
    full 100 %: running | 300 updated, 5 failed (5 rolled back), 7 not contacted
    evidence 0.00 of 20: 5 failed, 300 succeeded; the failure rate is 0.2 to 5.9 %
    errors: 5 self_test
