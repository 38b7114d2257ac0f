# With a bad rate that is known, 27 successes in a row are enough to go on, and few failures to stop.
fleet 200 sensor_v2 running 1.0.0
    d1 to d200
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 20% 1h 80%, full 100% 1h 80%; quorum 50 with {"gates": {"threshold": false, "confident": false, "sprt": {"bad_failure": 10}}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 200 devices
    phase canary started, up to device 40
    queued: 40 devices
    = spring rolling, canary: acceptances 0 of 20 needed to judge by | 200 not contacted
20 of canary succeed
    accepted: 20 devices
    succeeded: 20 devices
    = spring rolling, canary: 0 of 20 first attempts failed: whether the failure rate is 10 % is not decided | 20 updated, 180 not contacted
7 of canary succeed
    accepted: d30 d35 d59 d87 d182 d186 d200
    succeeded: d30 d35 d59 d87 d182 d186 d200
    spring promoted by its evidence
    = spring rolling, canary: soaking for 1 h more | 27 updated, 173 not contacted
12 of canary succeed
    accepted: d9 d14 d27 d42 d49 d65 d68 d74 d93 d110 d142 d196
    succeeded: d9 d14 d27 d42 d49 d65 d68 d74 d93 d110 d142 d196
    = spring rolling, canary: soaking for 1 h more | 39 updated, 161 not contacted
canary succeed
    accepted: d117
    succeeded: d117
    = spring rolling, canary: soaking for 1 h more | 40 updated, 160 not contacted
wait 1h
    -- day 0, 01:00
    phase canary passed
    phase full started, up to device 200
    queued: 160 devices
    = spring rolling, full: 160 devices without an outcome | 40 updated, 160 not contacted
status spring
    spring rolling, full: 160 devices without an outcome | 40 updated, 160 not contacted
    version 2, 200 devices, 40 exposed
    canary 20 %: passed | 40 updated
    full 100 %: running | 160 not contacted
    evidence 0.02 of 20: 0 failed, 40 succeeded; the failure rate is 0.0 to 15.4 %
