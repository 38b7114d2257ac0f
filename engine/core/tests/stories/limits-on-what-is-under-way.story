# At most so many devices are queued or in progress; each outcome makes room for the next.
fleet 6 sensor_v2 running 1.0.0
    d1 to d6
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%; max_retries 0 with {"rates": {"in_flight_max": 2}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 6 devices
    phase full started, up to device 6
    queued: d1 d5
    = spring rolling, full: 2 devices under way, at most 2 are allowed | 6 not contacted
d3 succeeds
d5 fails download
    accepted: d5
    failed download, no attempt left: d5
    queued: d2
    = spring rolling, full: 2 devices under way, at most 2 are allowed | 1 failed, 5 not contacted
status spring
    spring rolling, full: 2 devices under way, at most 2 are allowed | 1 failed, 5 not contacted
    version 2, 6 devices, 1 exposed
    full 100 %: running | 1 failed, 5 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    errors: 1 download
full succeed
    accepted: d1 d2
    succeeded: d1 d2
    queued: d3 d4
    = spring rolling, full: 2 devices under way, at most 2 are allowed | 2 updated, 1 failed, 3 not contacted
full succeed
    accepted: d3 d4
    succeeded: d3 d4
    queued: d6
    = spring rolling, full: acceptances 5 of 6 needed to judge by | 4 updated, 1 failed, 1 not contacted
wait 1h
