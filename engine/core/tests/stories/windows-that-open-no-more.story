# A device had taken its job when it was taken out of service. By the time that it is back, no window opens for it any more; then it turns out that it had accepted.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90%; deadline 1d with {"maintenance_windows": {"start": "02:00", "duration_hours": 3}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    queued for 01-01 02:00 to 05:00: d1 d2
    = spring rolling, full: window opens 2026-01-01 02:00 UTC, 2 devices waiting | 2 not contacted
d1 takes
maintain d1
    deferred, maintenance: d1
    maintenance: d1
    = spring rolling, full: window opens 2026-01-01 02:00 UTC, 1 device waiting | 2 not contacted
wait 6h
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
activate d1
    active: d1
    deferred to never: d1
    alert spring-window_never_opens: 1 wait in vain
d1 is installing
    accepted: d1
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 1 in progress, 1 not contacted
show d1
    active, runs 1.0.0, spring attempt 0 InProgress installing
    job topic: empty
wait 4h
    -- day 0, 10:00
    timed out, retry in 1 h: d1
    alert spring-window_never_opens is over
    spring paused
    alert spring-paused: paused by itself, 1 exposed
    = spring paused, full: 1 of 1 first attempts failed: more than the normal 2 % with confidence 95 % | 1 failed, 1 not contacted
troubles
    spring-paused: the campaign has paused by itself, with 1 device exposed; its status says why, and it waits for an operator
