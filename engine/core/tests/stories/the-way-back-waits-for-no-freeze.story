# A rollback goes on whatever the calendar says: a bad release does not stay because of the season.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0 back to 1.0.0
    release 2.0.0 of sensor_v2 published
    way back from 2.0.0 to 1.0.0
    delta from 1.0.0 to 2.0.0 is to be built
campaign spring of 2.0.0 phases full 100% 1h 90%; max_retries 1, backoff 1h with {"freezes": {"from": "2026-01-01T02:00:00Z", "to": "2026-01-09"}, "maintenance_windows": {"start": "00:00", "duration_hours": 1}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    = spring staged: deltas are being built
wait 10m
d1 d2 succeed
wait until 2026-01-01T03:00:00Z
    -- day 0, 00:10
    spring started with 3 devices
    phase full started, up to device 3
    queued for 01-01 00:00 to 01:00: d1 d2 d3
    -- day 0, 02:00
    spring frozen
    = spring rolling, full: frozen until 2026-01-10 00:00 UTC | 3 not contacted
roll back spring because critical_bug
    spring goes back
    canceled: d1 d2 d3
    spring rolled back
    = spring rolled_back, full: rolled back by ann: critical bug | 3 removed
d1 takes
d1 succeeds
d2 accepts
d2 fails download
# Its next attempt is due in an hour, freeze or not.
wait 1h
d2 succeeds
