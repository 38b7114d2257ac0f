# Devices that have failed for good get another attempt when an operator says so: one of them, or all.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%; max_retries 0, failure_threshold 90, expected_failure 80
    campaign spring created
    = spring draft: not started
retry spring
    refused, invalid_transition: spring is draft and cannot be retried
start spring
    spring staged
    spring started with 4 devices
    phase full started, up to device 4
    queued: d1 d2 d3 d4
    = spring rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
retry spring
    refused, invalid_transition: no device of spring has failed for good
d1 d2 fail installation
    accepted: d1 d2
    failed installation, no attempt left: d1 d2
    = spring rolling, full: acceptances 2 of 4 needed to judge by | 2 failed, 2 not contacted
d3 succeeds
    accepted: d3
    succeeded: d3
    = spring rolling, full: acceptances 3 of 4 needed to judge by | 1 updated, 2 failed, 1 not contacted
retry spring device d1 because the flash was full
    d1 is to be retried
    queued, attempt 2: d1
d1 succeeds
    accepted: d1
    succeeded: d1
    = spring rolling, full: acceptances 3 of 4 needed to judge by | 2 updated, 1 failed, 1 not contacted
retry spring device d1
    refused, invalid_transition: d1 is succeeded in spring and cannot be retried
retry spring device d9
    refused, unknown_device: d9 is not registered
d4 fails installation
    accepted: d4
    failed installation, no attempt left: d4
    alert spring-failure_rate: 2 of 4 outcomes failed
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 2 updated, 2 failed
retry spring
    all failed of spring are to be retried
    queued, attempt 2: d2 d4
    = spring monitoring, full: outcomes 2 of 4 needed | 2 updated, 2 failed
d2 d4 succeed
    accepted: d2 d4
    succeeded: d2 d4
    = spring monitoring, full: soaking for 1 h more | 4 updated
wait 1h
    -- day 0, 00:05
    alert spring-failure_rate is over
    -- day 0, 01:00
    phase full passed
    spring completed
    = spring completed, full | 4 updated
retry spring
    refused, invalid_transition: spring is completed and cannot be retried
archive spring
    spring archived
archive spring
    refused, invalid_transition: spring is archived and cannot be archived
status spring
    spring completed, full | 4 updated
    version 3, 4 devices, 4 exposed
    full 100 %: passed | 4 updated
    evidence 0.64 of 20: 3 failed, 1 succeeded; the failure rate is 14.3 to 99.7 %
    errors: 3 installation
