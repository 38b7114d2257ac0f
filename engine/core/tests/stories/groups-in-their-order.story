# Groups are offered the update by rollout_order, then by priority; a device that fits several belongs to the first.
fleet 4 gateway_v1 running 1.0.0 region=us-east-1
    d1 to d4
fleet 6 sensor_v2 running 1.0.0 region=us-east-1
    d5 to d10
fleet 6 sensor_v2 running 1.0.0 region=eu tag=test
    d11 to d16
fleet 4 sensor_v1 running 1.0.0
    d17 to d20
release 2.0.0 for gateway_v1 sequence 10
    release 2.0.0 of gateway_v1 published
release 2.0.0 for sensor_v2 sequence 10
    release 2.0.0 of sensor_v2 published
release 2.0.0 for sensor_v1 sequence 10
    release 2.0.0 of sensor_v1 published
campaign spring phases half 50% 1h 90%, full 100% 1h 90% with {"releases": [{"model": "gateway_v1", "version": "2.0.0"}, {"model": "sensor_v2", "version": "2.0.0"}, {"model": "sensor_v1", "version": "2.0.0"}], "groups": [{"name": "rest", "rollout_order": 3, "criteria": "*"}, {"name": "critical", "rollout_order": 2, "criteria": {"device_type": ["sensor_v2", "gateway_v1"], "region": "us-east-1"}}, {"name": "test", "rollout_order": 1, "criteria": {"tags_any": ["test", "beta"]}}], "sample_min": 1}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 20 devices
    phase half started, up to device 10
    queued: d1 d5 d8 d9 d10 d11 d13 d14 d19 d20
    = spring rolling, half: acceptances 0 of 1 needed to judge by | 20 not contacted
status spring
    spring rolling, half: acceptances 0 of 1 needed to judge by | 20 not contacted
    version 2, 20 devices, 0 exposed
    group test: 6 devices | 6 not contacted
    group critical: 10 devices | 10 not contacted
    group rest: 4 devices | 4 not contacted
    half 50 %: running | 10 not contacted
    full 100 %: pending | 10 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
half succeed
    accepted: d1 d5 d8 d9 d10 d11 d13 d14 d19 d20
    succeeded: d1 d5 d8 d9 d10 d11 d13 d14 d19 d20
    = spring rolling, half: soaking for 1 h more | 10 updated, 10 not contacted
wait 1h
    -- day 0, 01:00
    phase half passed
    phase full started, up to device 20
    queued: d2 d3 d4 d6 d7 d12 d15 d16 d17 d18
    = spring rolling, full: 10 devices without an outcome | 10 updated, 10 not contacted
full succeed
    accepted: d2 d3 d4 d6 d7 d12 d15 d16 d17 d18
    succeeded: d2 d3 d4 d6 d7 d12 d15 d16 d17 d18
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 20 updated
wait 1h
    -- day 0, 02:00
    phase full passed
    spring completed
    = spring completed, full | 20 updated
status spring
    spring completed, full | 20 updated
    version 2, 20 devices, 20 exposed
    group test: 6 devices | 6 updated
    group critical: 10 devices | 10 updated
    group rest: 4 devices | 4 updated
    half 50 %: passed | 10 updated
    full 100 %: passed | 10 updated
    evidence 0.05 of 20: 0 failed, 20 succeeded; the failure rate is 0.0 to 26.1 %
