# A campaign that waits for devices in which nothing happens is reported; one that only watches is not.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 50% 3d 100%, full 100% 24h 50%; contact 5d, expected_failure 60% with {"monitoring": {"alert_on_stalled_hours": 36}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase canary started, up to device 2
    queued: d1 d2
    = spring rolling, canary: acceptances 0 of 2 needed to judge by | 4 not contacted
canary succeeds
    accepted: d1 d2
    succeeded: d1 d2
    = spring rolling, canary: soaking for 3 d more | 2 updated, 2 not contacted
wait 3d
    -- day 3, 00:00
    phase canary passed
    phase full started, up to device 4
    queued: d3 d4
    = spring rolling, full: acceptances 2 of 4 needed to judge by | 2 updated, 2 not contacted
troubles
wait 35h
wait 1h
    -- day 4, 12:00
    alert spring-stalled: nothing for 1 d 12 h, 2 waited for
troubles
    spring-stalled: nothing has happened for 1 d 12 h, with 2 devices to wait for
2 of full accept
    accepted: d3 d4
    = spring rolling, full: outcomes 2 of 4 needed | 2 updated, 2 in progress
wait 5m
    -- day 4, 12:05
    alert spring-stalled is over
full succeed
    succeeded: d3 d4
    phase full passed
    spring completed
    = spring completed, full | 4 updated
