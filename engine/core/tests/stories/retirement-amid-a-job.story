# A device that is retired leaves its campaigns; it is counted as removed and nothing waits for it.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 100%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d2 d3 d4 d5
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 5 not contacted
d1 accepts
    accepted: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 in progress, 4 not contacted
retire d1 d2
    canceled: d1
    retired: d1
    removed, retired: d2
    retired: d2
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted, 2 removed
d3 d4 d5 succeed
    accepted: d3 d4 d5
    succeeded: d3 d4 d5
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 3 updated, 2 removed
d1 reports
    d1: refused, device_retired: d1 has been retired
wait 1h
    -- day 0, 01:00
    phase full passed
    spring completed
    = spring completed, full | 3 updated, 2 removed
status spring
    spring completed, full | 3 updated, 2 removed
    version 2, 5 devices, 4 exposed
    full 100 %: passed | 3 updated, 2 removed
    evidence 0.25 of 20: 0 failed, 3 succeeded; the failure rate is 0.0 to 76.8 %
