# Once it has been started, a campaign waits for the start of its schedule. At its end nothing new is offered, and what is under way comes to its end.
fleet 6 sensor_v2 running 1.0.0
    d1 to d6
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 60%; max_retries 1, backoff 1h with {"schedule": {"start": "2026-01-01T08:00:00Z", "end": "2026-01-01T10:00:00Z"}, "rates": {"in_flight_max": 4}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    = spring staged: starts at 2026-01-01 08:00 UTC
wait 8h
    -- day 0, 08:00
    spring started with 6 devices
    phase full started, up to device 6
    queued: d1 d2 d3 d5
    = spring rolling, full: 4 devices under way, at most 4 are allowed | 6 not contacted
d1 d2 d3 d4 d5 d6 accept
    accepted: d1 d2 d3 d5
    = spring rolling, full: 4 devices under way, at most 4 are allowed | 4 in progress, 2 not contacted
d1 d2 d3 d4 d5 d6 accept
d1 succeeds
    succeeded: d1
    queued: d4
    = spring rolling, full: 4 devices under way, at most 4 are allowed | 1 updated, 3 in progress, 2 not contacted
wait 2h
    -- day 0, 10:00
    the schedule of spring ended
    removed, the schedule ended: d4
    = spring rolling, full: its schedule is over, 3 devices still under way | 1 updated, 3 in progress, 1 not contacted, 1 removed
d1 d2 d3 d4 d5 d6 succeed
    succeeded: d2 d3 d5
    phase full passed
    spring completed
    = spring completed, full | 4 updated, 1 not contacted, 1 removed
