# Berlin skips 02:00 to 03:00 on 29 March 2026 and New York on 8 March: a window at 02:30 opens an hour later, at 03:30. Its duration is one of hours that pass.
fleet 1 sensor_v2 running 1.0.0 zone=Europe/Berlin
    d1 to d1
fleet 1 sensor_v2 running 1.0.0 zone=America/New_York
    d2 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90%; deadline 366d, contact 300d, execution 365d with {"maintenance_windows": {"start": "02:30", "duration_hours": 3}, "monitoring": {"alert_on_timeout_hours": "366d", "alert_on_stalled_hours": "366d"}}
    campaign spring created
    = spring draft: not started
wait until 2026-03-07T12:00:00Z
start spring
    spring staged
    spring started with 2 devices
    alert spring-devices_offline: 2 of 2 fallen silent
    phase full started, up to device 2
    queued for 03-08 01:30 to 04:30: d1
    queued for 03-08 07:30 to 10:30: d2
    = spring rolling, full: window opens 2026-03-08 01:30 UTC, 2 devices waiting | 2 not contacted
d1 d2 accept
    accepted: d1 d2
    = spring rolling, full: window opens 2026-03-08 01:30 UTC, 2 devices waiting | 2 in progress
wait until 2026-03-08T12:00:00Z
    -- day 65, 12:05
    alert spring-devices_offline is over
    = spring rolling, full: outcomes 0 of 2 needed | 2 in progress
d1 d2 are installing
    another window, 03-09 01:30 to 04:30: d1
    another window, 03-09 06:30 to 09:30: d2
    = spring rolling, full: window opens 2026-03-09 01:30 UTC, 2 devices waiting | 2 in progress
wait until 2026-03-28T12:00:00Z
    -- day 73, 12:10
    alert spring-devices_offline: 2 of 2 fallen silent
    = spring rolling, full: outcomes 0 of 2 needed | 2 in progress
d1 d2 are installing
    another window, 03-29 01:30 to 04:30: d1
    alert spring-devices_offline is over
    another window, 03-29 06:30 to 09:30: d2
    = spring rolling, full: window opens 2026-03-29 01:30 UTC, 2 devices waiting | 2 in progress
wait until 2026-03-29T12:00:00Z
    = spring rolling, full: outcomes 0 of 2 needed | 2 in progress
d1 d2 are installing
    another window, 03-30 00:30 to 03:30: d1
    another window, 03-30 06:30 to 09:30: d2
    = spring rolling, full: window opens 2026-03-30 00:30 UTC, 2 devices waiting | 2 in progress
# In autumn an hour is shown twice, on 25 October in Berlin and on 1 November in New York: the window opens when the clock shows its time first.
wait until 2026-10-24T12:00:00Z
    -- day 94, 12:10
    alert spring-devices_offline: 2 of 2 fallen silent
    = spring rolling, full: outcomes 0 of 2 needed | 2 in progress
d1 d2 are installing
    another window, 10-25 00:30 to 03:30: d1
    alert spring-devices_offline is over
    another window, 10-25 06:30 to 09:30: d2
    = spring rolling, full: window opens 2026-10-25 00:30 UTC, 2 devices waiting | 2 in progress
wait until 2026-10-25T12:00:00Z
    = spring rolling, full: outcomes 0 of 2 needed | 2 in progress
d1 d2 are installing
    another window, 10-26 01:30 to 04:30: d1
    another window, 10-26 06:30 to 09:30: d2
    = spring rolling, full: window opens 2026-10-26 01:30 UTC, 2 devices waiting | 2 in progress
wait until 2026-10-31T12:00:00Z
    = spring rolling, full: outcomes 0 of 2 needed | 2 in progress
d1 d2 are installing
    another window, 11-01 01:30 to 04:30: d1
    another window, 11-01 07:30 to 10:30: d2
    = spring rolling, full: window opens 2026-11-01 01:30 UTC, 2 devices waiting | 2 in progress
