# With `download: in_window` a device gets its job when its window opens, not before.
fleet 2 sensor_v2 running 1.0.0 zone=Europe/Berlin
    d1 to d2
fleet 2 sensor_v2 running 1.0.0 zone=America/New_York
    d3 to d4
fleet 1 sensor_v2 running 2.0.0 zone=Europe/Berlin
    d5 to d5
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90% with {"download": "in_window", "maintenance_windows": {"start": "02:00", "duration_hours": 3}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    deferred to 01-01 01:00 to 04:00: d1 d2
    ran it already: d5
    deferred to 01-01 07:00 to 10:00: d3 d4
    = spring rolling, full: window opens 2026-01-01 01:00 UTC, 4 devices waiting | 1 updated, 4 not contacted
show d1
    active, runs 1.0.0
    job topic: empty
maintain d2
    maintenance: d2
wait until 2026-01-02T00:59:59Z
    -- day 0, 01:00
    queued for 01-01 01:00 to 04:00: d1
    -- day 0, 07:00
    queued for 01-01 07:00 to 10:00: d3 d4
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 updated, 4 not contacted
wait until 2026-01-02T01:00:00Z
    -- day 1, 01:00
    removed, not contacted: d1
    = spring rolling, full: acceptances 1 of 4 needed to judge by | 1 updated, 3 not contacted, 1 removed
show d1
    active, runs 1.0.0, spring attempt 1 Removed
    job topic: empty
full succeed
    accepted: d3 d4
    succeeded: d3 d4
    = spring rolling, full: acceptances 3 of 4 needed to judge by | 3 updated, 1 not contacted, 1 removed
activate d2
    active: d2
    queued for 01-02 01:00 to 04:00: d2
# Whoever is in maintenance misses its window and has the next one.
maintain d3
    maintenance: d3
wait until 2026-01-02T07:00:00Z
full succeed
    accepted: d2
    succeeded: d2
    phase full passed
    spring completed
    = spring completed, full | 4 updated, 1 removed
wait until 2026-01-02T11:00:00Z
activate d3
    active: d3
# An operator need not wait for it.
expedite spring device d3
    refused, invalid_transition: spring is completed and cannot be changed
d3 succeeds
