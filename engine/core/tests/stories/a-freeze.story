# Nothing new starts in a freeze, and what nobody has accepted is hidden; what has been accepted goes on. The watch time stands still, and windows are cut by it.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases half 50% 4h 90%, full 100% 4h 90% with {"time_zone": "Europe/Berlin", "freezes": {"from": "2026-01-02", "to": "2026-01-03", "reason": "stocktaking"}}
    campaign spring created
    = spring draft: not started
wait until 2026-01-01T22:00:00Z
start spring
    spring staged
    spring started with 4 devices
    phase half started, up to device 2
    queued: d1 d2
    = spring rolling, half: acceptances 0 of 2 needed to judge by | 4 not contacted
d1 accepts
    accepted: d1
    = spring rolling, half: acceptances 1 of 2 needed to judge by | 1 in progress, 3 not contacted
wait until 2026-01-01T23:00:00Z
    -- day 0, 23:00
    spring frozen
    = spring rolling, half: frozen until 2026-01-04 00:00 Europe/Berlin: stocktaking | 1 in progress, 3 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 InProgress downloading
    job topic: install 2.0.0 from whole image, good for 1 d 3 h
show d2
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: empty
show d3
    active, runs 1.0.0
    job topic: empty
show d4
    active, runs 1.0.0
    job topic: empty
expedite spring device d2
    refused, invalid_transition: spring is frozen: nothing new starts
half succeed
    succeeded: d1
    = spring rolling, half: frozen until 2026-01-04 00:00 Europe/Berlin: stocktaking | 1 updated, 3 not contacted
pause spring
    spring paused
    = spring paused, half: paused by ann | 1 updated, 3 not contacted
resume spring
    spring resumed
    = spring rolling, half: frozen until 2026-01-04 00:00 Europe/Berlin: stocktaking | 1 updated, 3 not contacted
wait until 2026-01-03T23:00:00Z
    -- day 2, 23:00
    spring thawed
    = spring rolling, half: acceptances 1 of 2 needed to judge by | 1 updated, 3 not contacted
half succeed
    accepted: d2
    succeeded: d2
    = spring rolling, half: soaking for 3 h more | 2 updated, 2 not contacted
wait 3h
    -- day 3, 02:00
    phase half passed
    phase full started, up to device 4
    queued: d3 d4
    = spring rolling, full: acceptances 2 of 4 needed to judge by | 2 updated, 2 not contacted
wait 1h
