# A phase may wait until the failure rate is proven to be below a limit, or all its devices have an outcome.
fleet 200 sensor_v2 running 1.0.0
    d1 to d200
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 50% 1h 80%, full 100% 1h 80%; quorum 30 with {"gates": {"proven_below": 10}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 200 devices
    phase canary started, up to device 100
    queued: 100 devices
    = spring rolling, canary: acceptances 0 of 20 needed to judge by | 200 not contacted
canary accept
    accepted: 100 devices
    = spring rolling, canary: outcomes 0 of 30 needed | 100 in progress, 100 not contacted
40 of canary succeed
    succeeded: 40 devices
    = spring rolling, canary: 0 of 40 first attempts failed: a failure rate below 10 % is not proven | 40 updated, 60 in progress, 100 not contacted
30 of canary succeed
    succeeded: 30 devices
    = spring rolling, canary: successes 70 of 80 needed | 70 updated, 30 in progress, 100 not contacted
20 of canary succeed
    succeeded: 20 devices
    = spring rolling, canary: soaking for 1 h more | 90 updated, 10 in progress, 100 not contacted
wait 1h
    -- day 0, 01:00
    phase canary passed
    phase full started, up to device 200
    queued: 100 devices
    = spring rolling, full: 110 devices without an outcome | 90 updated, 10 in progress, 100 not contacted
