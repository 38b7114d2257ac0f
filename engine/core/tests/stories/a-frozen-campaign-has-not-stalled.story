# Nothing has stalled that is not to go on; it is counted anew from the end of the freeze.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90%; deadline 30d, contact 20d, execution 20d with {"freezes": {"from": "2026-01-02", "to": "2026-01-04"}, "monitoring": {"alert_on_stalled_hours": 10}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    queued: d1 d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
wait until 2026-01-01T09:00:00Z
wait until 2026-01-01T12:00:00Z
    -- day 0, 10:00
    alert spring-stalled: nothing for 10 h, 2 waited for
wait until 2026-01-05T01:00:00Z
    -- day 1, 00:00
    spring frozen
    alert spring-stalled is over
    -- day 4, 00:00
    spring thawed
wait until 2026-01-05T12:00:00Z
    -- day 4, 10:00
    alert spring-stalled: nothing for 10 h, 2 waited for
d1 d2 take
wait 1h
