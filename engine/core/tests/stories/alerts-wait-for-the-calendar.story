# What waits for a window has not stalled: that is counted from when the window opened, and an outcome is due from when it closed.
fleet 3 sensor_v2 running 1.0.0 zone=Europe/Berlin
    d1 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90%; deadline 30d, contact 20d, execution 20d with {"maintenance_windows": {"days": "sat", "start": "02:00", "duration_hours": 3}, "monitoring": {"alert_on_timeout_hours": 12, "alert_on_stalled_hours": 10}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    queued for 01-03 01:00 to 04:00: d1 d2 d3
    = spring rolling, full: window opens 2026-01-03 01:00 UTC, 3 devices waiting | 3 not contacted
d1 d2 accept
    accepted: d1 d2
    = spring rolling, full: window opens 2026-01-03 01:00 UTC, 3 devices waiting | 2 in progress, 1 not contacted
wait until 2026-01-03T01:00:00Z
    = spring rolling, full: acceptances 2 of 3 needed to judge by | 2 in progress, 1 not contacted
d1 succeeds
    succeeded: d1
    = spring rolling, full: acceptances 2 of 3 needed to judge by | 1 updated, 1 in progress, 1 not contacted
wait until 2026-01-03T11:00:00Z
    -- day 2, 11:00
    alert spring-stalled: nothing for 10 h, 2 waited for
wait until 2026-01-03T16:00:00Z
    -- day 2, 16:00
    alert spring-timeouts: 1 without an outcome for 12 h
# It has another window now, but has missed the one that it had accepted its job for: somebody should know.
d2 is installing
    another window, 01-10 01:00 to 04:00: d2
    alert spring-stalled is over
    = spring rolling, full: window opens 2026-01-10 01:00 UTC, 1 device waiting | 1 updated, 1 in progress, 1 not contacted
wait 2d
d2 waits for window for 108h
    waits for window, 4 d 12 h: d2
    alert spring-timeouts is over
wait until 2026-01-10T01:00:00Z
    -- day 7, 00:10
    alert spring-devices_offline: 1 of 3 fallen silent
    = spring rolling, full: acceptances 1 of 3 needed to judge by | 1 updated, 1 in progress, 1 not contacted
d2 succeeds
    succeeded: d2
    = spring rolling, full: acceptances 2 of 3 needed to judge by | 2 updated, 1 not contacted
d3 takes
wait 1h
