# A window that does not open before the campaign's end never does: the status says so, and somebody is alerted.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90%; deadline 1d with {"maintenance_windows": {"days": ["sat", "sun"], "start": "02:00", "duration_hours": 3}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    deferred to never: d1 d2 d3
    alert spring-window_never_opens: 3 wait in vain
    = spring rolling, full: the windows of 3 devices never open | 3 not contacted
explain d1
    spring rolling: deferred in full of all
    - fits_group: it fitted group all when the campaign started [23]
    - in_phase: by rank it is number 1 of 3; phase full reaches to number 3, which is 100 %
    - window: none of its maintenance windows opens before the campaign is over
troubles
    spring-window_never_opens: no maintenance window of 3 devices opens before the campaign is over
# An operator need not wait for windows.
expedite spring device d1
    expedited: d1
    queued: d1
    = spring rolling, full: the windows of 2 devices never open | 3 not contacted
explain d1
    spring rolling: queued in full of all
    - fits_group: it fitted group all when the campaign started [23]
    - in_phase: by rank it is number 1 of 3; phase full reaches to number 3, which is 100 %
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 1 d to go [31]
    - last_heard: it was last heard of 0 ms ago
expedite spring device d2
    expedited: d2
    queued: d2
    = spring rolling, full: the windows of 1 device never open | 3 not contacted
exclude spring device d3
    excluded: d3
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted, 1 removed
wait 5m
    -- day 0, 00:05
    alert spring-window_never_opens is over
d1 d2 succeed
    accepted: d1 d2
    succeeded: d1 d2
    spring monitoring
    = spring monitoring, full: soaking for 55 m more | 2 updated, 1 removed
wait 1h
    -- day 0, 01:00
    phase full passed
    spring completed
    = spring completed, full | 2 updated, 1 removed
