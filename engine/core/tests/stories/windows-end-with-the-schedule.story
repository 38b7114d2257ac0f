# What would open only after the end of the schedule never opens either, unless the campaign pauses then and may go on.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
release 3.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
campaign spring of 2.0.0 phases full 100% 1h 90% with {"maintenance_windows": {"days": "sat", "start": "02:00", "duration_hours": 3}, "schedule": {"end": "2026-01-02T12:00:00Z"}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    deferred to never: d1 d2
    alert spring-window_never_opens: 2 wait in vain
    = spring rolling, full: the windows of 2 devices never open | 2 not contacted
wait until 2026-01-02T12:00:00Z
    -- day 1, 12:00
    the schedule of spring ended
    spring failed
    alert spring-window_never_opens is over
    = spring failed, full: phase full was not through at the end of the schedule | 2 not contacted
campaign summer of 3.0.0 phases full 100% 1h 90% with {"maintenance_windows": {"days": "sat", "start": "02:00", "duration_hours": 3}, "schedule": {"end": "2026-01-02T18:00:00Z", "on_end": "pause"}}
    campaign summer created
    = summer draft: not started
start summer
    summer staged
    = summer staged: deltas are being built
wait until 2026-01-02T18:00:00Z
    -- day 1, 12:10
    summer started with 2 devices
    phase full started, up to device 2
    summer: queued for 01-03 02:00 to 05:00: d1 d2
    -- day 1, 18:00
    the schedule of summer ended
    summer paused
    alert summer-paused: paused by itself, 0 exposed
    = summer paused, full: paused at the end of its schedule | 2 not contacted
resume summer
    summer resumed
    = summer rolling, full: window opens 2026-01-03 02:00 UTC, 2 devices waiting | 2 not contacted
wait until 2026-01-03T02:00:00Z
    -- day 1, 18:05
    alert summer-paused is over
    = summer rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
d1 d2 succeed
    summer: accepted: d1 d2
    summer: succeeded: d1 d2
    phase full passed
    summer completed
    = summer completed, full | 2 updated
wait 1h
