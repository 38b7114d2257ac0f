# A download that fails says nothing about the release: it is retried, and the evidence does not see it.
fleet 20 sensor_v2 running 1.0.0
    d1 to d20
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h 50%; failure_threshold 50%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 20 devices
    phase full started, up to device 20
    queued: 20 devices
    = spring rolling, full: acceptances 0 of 20 needed to judge by | 20 not contacted
4 of full fail download
    accepted: d1 d8 d9 d14
    failed download, retry in 1 h: d1 d8 d9 d14
    = spring rolling, full: acceptances 4 of 20 needed to judge by | 4 failed, 16 not contacted
status spring
    spring rolling, full: acceptances 4 of 20 needed to judge by | 4 failed, 16 not contacted
    version 2, 20 devices, 4 exposed
    full 100 %: running | 4 failed, 16 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    errors: 4 download
wait 1h
    -- day 0, 01:00
    queued, attempt 2: d1 d8 d9 d14
all succeed
    accepted: 20 devices
    succeeded: 20 devices
    spring monitoring
    = spring monitoring, full: soaking for 23 h more | 20 updated
status spring
    spring monitoring, full: soaking for 23 h more | 20 updated
    version 2, 20 devices, 20 exposed
    full 100 %: soaking | 20 updated
    evidence 0.05 of 20: 0 failed, 20 succeeded; the failure rate is 0.0 to 26.1 %
    errors: 4 download
