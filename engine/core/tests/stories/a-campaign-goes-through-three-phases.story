# A campaign goes through its three phases and is completed.
fleet 100 sensor_v2 running 1.0.0
    d1 to d100
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 5% 24h 100%, early 20% 24h 95%, full 100% 72h 95%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 100 devices
    phase canary started, up to device 5
    queued: d1 d29 d39 d83 d90
    = spring rolling, canary: acceptances 0 of 5 needed to judge by | 100 not contacted
canary accept
    accepted: d1 d29 d39 d83 d90
    = spring rolling, canary: outcomes 0 of 5 needed | 5 in progress, 95 not contacted
canary succeed
    succeeded: d1 d29 d39 d83 d90
    = spring rolling, canary: soaking for 1 d more | 5 updated, 95 not contacted
wait 23h
    = spring rolling, canary: soaking for 1 h more | 5 updated, 95 not contacted
wait 1h
    -- day 1, 00:00
    phase canary passed
    phase early started, up to device 20
    queued: 15 devices
    = spring rolling, early: acceptances 5 of 20 needed to judge by | 5 updated, 95 not contacted
early succeed
    accepted: 15 devices
    succeeded: 15 devices
    = spring rolling, early: soaking for 1 d more | 20 updated, 80 not contacted
wait 24h
    -- day 2, 00:00
    phase early passed
    phase full started, up to device 100
    queued: 80 devices
    = spring rolling, full: 80 devices without an outcome | 20 updated, 80 not contacted
79 of full succeed
    accepted: 79 devices
    succeeded: 79 devices
    = spring rolling, full: 1 device without an outcome | 99 updated, 1 not contacted
status spring
    spring rolling, full: 1 device without an outcome | 99 updated, 1 not contacted
    version 2, 100 devices, 99 exposed
    canary 5 %: passed | 5 updated
    early 20 %: passed | 15 updated
    full 100 %: running | 79 updated, 1 not contacted
    evidence 0.01 of 20: 0 failed, 99 succeeded; the failure rate is 0.0 to 7.4 %
full succeed
    accepted: d21
    succeeded: d21
    spring monitoring
    = spring monitoring, full: soaking for 3 d more | 100 updated
wait 72h
    -- day 5, 00:00
    phase full passed
    spring completed
    = spring completed, full | 100 updated
status spring
    spring completed, full | 100 updated
    version 2, 100 devices, 100 exposed
    canary 5 %: passed | 5 updated
    early 20 %: passed | 15 updated
    full 100 %: passed | 80 updated
    evidence 0.01 of 20: 0 failed, 100 succeeded; the failure rate is 0.0 to 7.3 %
