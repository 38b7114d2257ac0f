# A device that reports success while it runs something else has not succeeded.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%; expected_failure 50%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d2 d3 d4 d5
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 5 not contacted
d1 claims success
    accepted: d1
    failed not_attested, retry in 1 h: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 failed, 4 not contacted
status spring
    spring rolling, full: acceptances 1 of 5 needed to judge by | 1 failed, 4 not contacted
    version 2, 5 devices, 1 exposed
    full 100 %: running | 1 failed, 4 not contacted
    evidence 1.50 of 20: 1 failed, 0 succeeded; the failure rate is 2.5 to 100.0 %
    errors: 1 not_attested
wait 1h
    -- day 0, 01:00
    queued, attempt 2: d1
d1 succeeds
    accepted: d1
    succeeded: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 updated, 4 not contacted
