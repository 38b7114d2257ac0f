# The schedule ends in a freeze, while a device that has accepted its job waits. The freeze is over for it when it is over.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50% with {"schedule": {"end": "2026-01-01T04:00:00Z"}, "freezes": [{"from": "2026-01-01T03:00:00Z", "to": "2026-01-01T05:00:00Z"}, {"from": "2026-01-01T07:00:00Z", "to": "2026-01-01T08:00:00Z"}]}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    queued: d1 d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
d1 accepts
    accepted: d1
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 1 in progress, 1 not contacted
d1 waits for battery
    waits for battery: d1
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 1 in progress, 1 not contacted
wait until 2026-01-01T04:30:00Z
    -- day 0, 03:00
    spring frozen
    -- day 0, 04:00
    the schedule of spring ended
    removed, the schedule ended: d2
    = spring rolling, full: its schedule is over, 1 device still under way | 1 in progress, 1 removed
status spring
    spring rolling, full: its schedule is over, 1 device still under way | 1 in progress, 1 removed
    version 2, 2 devices, 1 exposed
    full 100 %: running | 1 in progress, 1 removed
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    waiting: 1 battery
wait until 2026-01-01T07:30:00Z
    -- day 0, 05:00
    spring thawed
status spring
    spring rolling, full: its schedule is over, 1 device still under way | 1 in progress, 1 removed
    version 2, 2 devices, 1 exposed
    full 100 %: running | 1 in progress, 1 removed
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    waiting: 1 battery
d1 succeeds
    succeeded: d1
    phase full passed
    spring completed
    = spring completed, full | 1 updated, 1 removed
