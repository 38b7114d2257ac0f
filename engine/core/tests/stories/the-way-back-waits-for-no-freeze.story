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
wait 11m
    -- day 0, 00:10
    spring started with 3 devices
    phase full started, up to device 3
    queued for 01-01 00:00 to 01:00: d1 d2 d3
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
d1 d2 succeed
    accepted: d1 d2
    succeeded: d1 d2
    = spring rolling, full: acceptances 2 of 3 needed to judge by | 2 updated, 1 not contacted
wait until 2026-01-01T03:00:00Z
    -- day 0, 02:00
    spring frozen
    = spring rolling, full: frozen until 2026-01-10 00:00 UTC | 2 updated, 1 not contacted
roll back spring because critical_bug
    spring goes back
    canceled: d3
    queued to go back to 1.0.0: d1 d2
    = spring rolling_back, full: rolled back by ann: critical bug; 2 devices still to go back | 2 updated, 1 removed
d1 takes
d1 succeeds
    went back: d1
    = spring rolling_back, full: rolled back by ann: critical bug; 1 device still to go back | 1 updated, 1 removed, 1 sent back
d2 accepts
    accepted to go back: d2
d2 fails download
    could not go back, download, retry in 1 h: d2
# Its next attempt is due in an hour, freeze or not.
wait 1h
    -- day 0, 04:00
    queued to go back to 1.0.0, attempt 2: d2
d2 succeeds
    went back: d2
    spring rolled back
    = spring rolled_back, full: rolled back by ann: critical bug | 1 removed, 2 sent back
