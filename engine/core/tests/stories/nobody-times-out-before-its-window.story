# A window that opens in five days is waited for: neither the time to accept nor that for an outcome is over before it is.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 60%; contact 6h, execution 2h, max_retries 0, expected_failure 50 with {"maintenance_windows": {"days": "tue", "start": "02:00", "duration_hours": "4h"}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    queued for 01-06 02:00 to 06:00: d1 d2 d3
    = spring rolling, full: window opens 2026-01-06 02:00 UTC, 3 devices waiting | 3 not contacted
d1 accepts
    accepted: d1
    = spring rolling, full: window opens 2026-01-06 02:00 UTC, 3 devices waiting | 1 in progress, 2 not contacted
show d2
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image within 01-06 02:00 to 06:00, good for 5 d 8 h
wait 4d
show d2
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image within 01-06 02:00 to 06:00, good for 1 d 8 h
d2 accepts
    accepted: d2
    = spring rolling, full: window opens 2026-01-06 02:00 UTC, 3 devices waiting | 2 in progress, 1 not contacted
pause spring
    spring paused
    = spring paused, full: paused by ann | 2 in progress, 1 not contacted
resume spring
    spring resumed
    = spring rolling, full: window opens 2026-01-06 02:00 UTC, 3 devices waiting | 2 in progress, 1 not contacted
wait until 2026-01-06T06:00:00Z
    -- day 5, 06:00
    removed, not contacted: d3
    = spring rolling, full: outcomes 0 of 2 needed | 2 in progress, 1 removed
d2 succeeds
    succeeded: d2
    = spring rolling, full: outcomes 1 of 2 needed | 1 updated, 1 in progress, 1 removed
wait 2h
    -- day 5, 08:00
    timed out, no attempt left: d1
    alert spring-failure_rate: 1 of 2 outcomes failed
    spring paused
    alert spring-paused: paused by itself, 2 exposed
    = spring paused, full: 1 of 2 outcomes failed, more than 10 % | 1 updated, 1 failed, 1 removed
