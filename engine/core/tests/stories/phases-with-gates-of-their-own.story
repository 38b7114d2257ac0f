# A phase may have other gates than the campaign.
fleet 100 sensor_v2 running 1.0.0
    d1 to d100
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring with {"phases": [{"name": "canary", "percentage": 10, "duration_hours": 1, "success_threshold": 10, "gates": {"threshold": false, "confident": false}}, {"name": "full", "percentage": 100, "duration_hours": 1}], "failure_handling": {"max_retries": 0}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 100 devices
    phase canary started, up to device 10
    queued: d1 d29 d30 d35 d39 d62 d83 d87 d89 d90
    = spring rolling, canary: acceptances 0 of 10 needed to judge by | 100 not contacted
8 of canary fail self_test restored
    accepted: d1 d29 d35 d39 d62 d83 d89 d90
    failed self_test and went back, no attempt left: d1 d29 d35 d39 d62 d83 d89 d90
    = spring rolling, canary: acceptances 8 of 10 needed to judge by | 8 failed (8 rolled back), 92 not contacted
canary succeed
    accepted: d30 d87
    succeeded: d30 d87
    = spring rolling, canary: soaking for 1 h more | 2 updated, 8 failed (8 rolled back), 90 not contacted
wait 1h
    -- day 0, 01:00
    phase canary passed
    phase full started, up to device 100
    spring paused
    alert spring-paused: paused by itself, 10 exposed
    = spring paused, full: 8 of 10 first attempts failed: more than the normal 2 % with confidence 95 % | 2 updated, 8 failed (8 rolled back), 90 not contacted
