# What an operator has cut short in a freeze is over, and cannot be cut short again: the next phase begins after the freeze.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases half 50% 4h 90%, full 100% 4h 90% with {"freezes": {"from": "2026-01-01T12:00:00Z", "to": "2026-01-03T00:00:00Z"}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase half started, up to device 2
    queued: d1 d2
    = spring rolling, half: acceptances 0 of 2 needed to judge by | 4 not contacted
wait until 2026-01-01T12:00:00Z
    -- day 0, 12:00
    spring frozen
    = spring rolling, half: frozen until 2026-01-03 00:00 UTC | 4 not contacted
advance spring
    phase half advanced
advance spring
    refused, invalid_transition: the phase of spring has passed
wait until 2026-01-03T00:00:00Z
    -- day 2, 00:00
    spring thawed
    phase full started, up to device 4
    queued: d3 d4
    = spring rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
