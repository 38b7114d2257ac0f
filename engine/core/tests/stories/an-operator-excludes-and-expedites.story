# A device may be taken out before it has accepted anything, and have its turn before the others.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
fleet 1 gateway_v1 running 1.0.0
    d11 to d11
release 2.0.0 for sensor_v2
    release 2.0.0 of sensor_v2 published
campaign spring of 2.0.0 phases few 20% 1h 50%, full 100% 1h 50% with {"release": {"model": "sensor_v2", "version": "2.0.0"}}
    campaign spring created
    = spring draft: not started
exclude spring device d1
    refused, invalid_transition: spring is draft and cannot be changed
start spring
    spring staged
    spring started with 10 devices
    phase few started, up to device 2
    queued: d1 d9
    = spring rolling, few: acceptances 0 of 2 needed to judge by | 10 not contacted
expedite spring device d2 because the customer waits
    expedited: d2
    queued: d2
d2 succeeds
    accepted: d2
    succeeded: d2
    = spring rolling, few: acceptances 0 of 2 needed to judge by | 1 updated, 9 not contacted
exclude spring device d1 because it is in a museum
    excluded: d1
    = spring rolling, few: acceptances 0 of 1 needed to judge by | 1 updated, 8 not contacted, 1 removed
exclude spring device d2
    refused, invalid_transition: d2 is succeeded in spring and cannot be excluded
exclude spring device d11
    refused, not_a_member: d11 takes no part in spring
exclude spring device d12
    refused, unknown_device: d12 is not registered
few accept
    accepted: d9
    = spring rolling, few: outcomes 0 of 1 needed | 1 updated, 1 in progress, 7 not contacted, 1 removed
exclude spring device d3
    excluded: d3
    = spring rolling, few: outcomes 0 of 1 needed | 1 updated, 1 in progress, 6 not contacted, 2 removed
exclude spring device d4
    excluded: d4
    = spring rolling, few: outcomes 0 of 1 needed | 1 updated, 1 in progress, 5 not contacted, 3 removed
expedite spring device d4
    refused, invalid_transition: d4 is removed in spring and cannot be expedited
pause spring
    spring paused
    = spring paused, few: paused by ann | 1 updated, 1 in progress, 5 not contacted, 3 removed
expedite spring device d5
    refused, invalid_transition: spring is paused and cannot be changed
exclude spring device d5
    excluded: d5
    = spring paused, few: paused by ann | 1 updated, 1 in progress, 4 not contacted, 4 removed
resume spring
    spring resumed
    = spring rolling, few: outcomes 0 of 1 needed | 1 updated, 1 in progress, 4 not contacted, 4 removed
few succeed
    succeeded: d9
    = spring rolling, few: soaking for 1 h more | 2 updated, 4 not contacted, 4 removed
wait 1h
    -- day 0, 01:00
    phase few passed
    phase full started, up to device 10
    queued: d6 d7 d8 d10
    = spring rolling, full: acceptances 2 of 6 needed to judge by | 2 updated, 4 not contacted, 4 removed
full succeed
    accepted: d6 d7 d8 d10
    succeeded: d6 d7 d8 d10
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 6 updated, 4 removed
wait 1h
    -- day 0, 02:00
    phase full passed
    spring completed
    = spring completed, full | 6 updated, 4 removed
status spring
    spring completed, full | 6 updated, 4 removed
    version 4, 10 devices, 6 exposed
    few 20 %: passed | 1 updated, 1 removed
    full 100 %: passed | 5 updated, 3 removed
    evidence 0.14 of 20: 0 failed, 6 succeeded; the failure rate is 0.0 to 56.1 %
