# With group_order sequential each rollout_order goes through all phases before the next one begins.
fleet 4 sensor_v2 running 1.0.0 tag=test
    d1 to d4
fleet 4 sensor_v2 running 1.0.0
    d5 to d8
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases half 50% 1h 90%, full 100% 1h 90% with {"group_order": "sequential", "sample_min": 1, "groups": [{"name": "test", "rollout_order": 1, "criteria": {"tags": "test"}}, {"name": "rest", "rollout_order": 2, "criteria": "*"}]}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 8 devices
    phase half started, up to device 2
    queued: d1 d2
    = spring rolling, half: acceptances 0 of 1 needed to judge by | 8 not contacted
half succeed
    accepted: d1 d2
    succeeded: d1 d2
    = spring rolling, half: soaking for 1 h more | 2 updated, 6 not contacted
wait 1h
    -- day 0, 01:00
    phase half passed
    phase full started, up to device 4
    queued: d3 d4
    = spring rolling, full: soaking for 1 h more | 2 updated, 6 not contacted
full succeed
    accepted: d3 d4
    succeeded: d3 d4
    = spring rolling, full: soaking for 1 h more | 4 updated, 4 not contacted
wait 1h
    -- day 0, 02:00
    phase full passed
    phase half started, up to device 6
    queued: d5 d8
    = spring rolling, half: acceptances 0 of 1 needed to judge by | 4 updated, 4 not contacted
status spring
    spring rolling, half: acceptances 0 of 1 needed to judge by | 4 updated, 4 not contacted
    version 2, 8 devices, 4 exposed
    group test: 4 devices | 4 updated
    group rest: 4 devices | 4 not contacted
    half of order 1 50 %: passed | 2 updated
    full of order 1 100 %: passed | 2 updated
    half of order 2 50 %: running | 2 not contacted
    full of order 2 100 %: pending | 2 not contacted
    evidence 0.20 of 20: 0 failed, 4 succeeded; the failure rate is 0.0 to 68.4 %
half succeed
    accepted: d5 d8
    succeeded: d5 d8
    = spring rolling, half: soaking for 1 h more | 6 updated, 2 not contacted
wait 1h
    -- day 0, 03:00
    phase half passed
    phase full started, up to device 8
    queued: d6 d7
    = spring rolling, full: 2 devices without an outcome | 6 updated, 2 not contacted
full succeed
    accepted: d6 d7
    succeeded: d6 d7
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 8 updated
wait 1h
    -- day 0, 04:00
    phase full passed
    spring completed
    = spring completed, full | 8 updated
status spring
    spring completed, full | 8 updated
    version 2, 8 devices, 8 exposed
    group test: 4 devices | 4 updated
    group rest: 4 devices | 4 updated
    half of order 1 50 %: passed | 2 updated
    full of order 1 100 %: passed | 2 updated
    half of order 2 50 %: passed | 2 updated
    full of order 2 100 %: passed | 2 updated
    evidence 0.11 of 20: 0 failed, 8 succeeded; the failure rate is 0.0 to 47.7 %
