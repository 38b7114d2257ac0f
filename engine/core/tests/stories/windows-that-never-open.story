# A window that does not open before the campaign's end never does: the status says so.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90%; deadline 1d with {"maintenance_windows": {"days": ["sat", "sun"], "start": "02:00", "duration_hours": 3}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    deferred to never: d1 d2
    = spring rolling, full: the windows of 2 devices never open | 2 not contacted
wait 1d
    -- day 1, 00:00
    spring failed
    = spring failed, full: phase full was not through after 1 d | 2 not contacted
