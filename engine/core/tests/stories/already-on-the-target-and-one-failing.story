# Devices that ran the target already count as successes, but not for those that failed.
fleet 5 sensor_v2 running 2.0.0
    d1 to d5
fleet 5 sensor_v2 running 1.0.0
    d6 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 2h 90%; quorum 50%, expected_failure 60%, failure_threshold 50%, max_retries 1
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase full started, up to device 10
    ran it already: d1 d2 d3 d4 d5
    queued: d6 d7 d8 d9 d10
    = spring rolling, full: acceptances 5 of 10 needed to judge by | 5 updated, 5 not contacted
d6..d9 succeed
    accepted: d6 d7 d8 d9
    succeeded: d6 d7 d8 d9
    = spring rolling, full: acceptances 9 of 10 needed to judge by | 9 updated, 1 not contacted
d10 fails verification
    accepted: d10
    failed verification, retry in 1 h: d10
    alert spring-failure_rate: 1 of 10 outcomes failed
    = spring rolling, full: 1 device without an outcome | 9 updated, 1 failed
status spring
    spring rolling, full: 1 device without an outcome | 9 updated, 1 failed
    version 2, 10 devices, 5 exposed
    full 100 %: running | 9 updated, 1 failed
    evidence 0.22 of 20: 1 failed, 4 succeeded; the failure rate is 0.2 to 78.5 %
    errors: 1 verification
