# A device that declines its job has failed for good. One that declined at once was never exposed to the release.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%; failure_threshold 50%, expected_failure 50%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d2 d3 d4 d5
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 5 not contacted
d1 rejects
    rejected (story): d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 failed, 4 not contacted
d2 accepts
    accepted: d2
    = spring rolling, full: acceptances 2 of 5 needed to judge by | 1 failed, 1 in progress, 3 not contacted
d2 cancels
    rejected (canceled_by_device): d2
    = spring rolling, full: acceptances 2 of 5 needed to judge by | 2 failed, 3 not contacted
status spring
    spring rolling, full: acceptances 2 of 5 needed to judge by | 2 failed, 3 not contacted
    version 2, 5 devices, 1 exposed
    full 100 %: running | 2 failed, 3 not contacted
    evidence 2.33 of 20: 2 failed, 0 succeeded; the failure rate is 12.9 to 100.0 %
    errors: 2 rejected
