# A campaign that is started in a freeze begins with its end, and is then watched for as long as any other.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring of 2.0.0 phases full 100% 1h 90% with {"freezes": {"from": "2025-12-30", "to": "2026-01-02"}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2 devices
    spring frozen
    = spring rolling, full: frozen until 2026-01-03 00:00 UTC | 2 not contacted
wait 11m
wait until 2026-01-03T00:30:00Z
    -- day 2, 00:00
    spring thawed
    phase full started, up to device 2
    queued: d1 d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
d1 d2 succeed
    accepted: d1 d2
    succeeded: d1 d2
    spring monitoring
    = spring monitoring, full: soaking for 30 m more | 2 updated
wait 30m
    -- day 2, 01:00
    phase full passed
    spring completed
    = spring completed, full | 2 updated
wait 1h
wait 2d
