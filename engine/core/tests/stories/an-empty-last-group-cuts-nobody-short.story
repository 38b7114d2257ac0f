# A last group without members is no reason to be done: whoever is still at it in the groups before must come to an end.
fleet 2 sensor_v2 running 1.0.0 tag=field
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1m; contact 1h with {"group_order": "sequential", "phases": [{"name": "full", "percentage": 100, "duration_hours": "1m", "wait_for_success": false}], "groups": [{"name": "field", "rollout_order": 1, "criteria": {"tags": "field"}}, {"name": "nobody", "rollout_order": 2, "criteria": {"tags": "test"}}]}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    queued: d1 d2
    = spring rolling, full: soaking for 1 m more | 2 not contacted
wait 1m
    -- day 0, 00:01
    phase full passed
    phase full started, up to device 2
    = spring rolling, full: 2 devices without an outcome | 2 not contacted
d1 succeeds
    accepted: d1
    succeeded: d1
    = spring rolling, full: 1 device without an outcome | 1 updated, 1 not contacted
wait 1h
    -- day 0, 01:00
    removed, not contacted: d2
    phase full passed
    spring completed
    = spring completed, full | 1 updated, 1 removed
