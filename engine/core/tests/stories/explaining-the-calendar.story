# Why not yet, where it is the calendar that keeps a device.
fleet 4 sensor_v2 running 1.0.0 zone=Asia/Tokyo
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases half 50% 1h 90%, full 100% 1h 90% with {"schedule": {"start": "2026-01-01T12:00:00Z"}, "maintenance_windows": {"start": "02:00", "duration_hours": 3}, "freezes": {"from": "2026-01-02T12:00:00Z", "to": "2026-01-03T12:00:00Z", "reason": "stocktaking"}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    = spring staged: starts at 2026-01-01 12:00 UTC
explain d1
    spring staged: would_join
    - fits_group: it fits group all [24]
    - campaign_waits: the campaign waits: starts at 2026-01-01 12:00 UTC, 12 h to go
wait until 2026-01-01T12:00:00Z
    -- day 0, 12:00
    spring started with 4 devices
    phase half started, up to device 2
    queued for 01-01 17:00 to 20:00: d1 d2
    = spring rolling, half: window opens 2026-01-01 17:00 UTC, 2 devices waiting | 4 not contacted
half accept
    accepted: d1 d2
    = spring rolling, half: window opens 2026-01-01 17:00 UTC, 2 devices waiting | 2 in progress, 2 not contacted
explain d1
    spring rolling: in_progress in half of all
    - fits_group: it fitted group all when the campaign started [27]
    - in_phase: by rank it is number 1 of 4; phase half reaches to number 2, which is 50 %
    - in_progress: it is at attempt 1, downloading; without an outcome it counts as lost_contact, 12 h to go [32]
    - window: its maintenance window opens at 2026-01-02 02:00 Asia/Tokyo: until then it installs nothing, 5 h to go
explain d2
    spring rolling: in_progress in half of all
    - fits_group: it fitted group all when the campaign started [27]
    - in_phase: by rank it is number 2 of 4; phase half reaches to number 2, which is 50 %
    - in_progress: it is at attempt 1, downloading; without an outcome it counts as lost_contact, 12 h to go [34]
    - window: its maintenance window opens at 2026-01-02 02:00 Asia/Tokyo: until then it installs nothing, 5 h to go
explain d3
    spring rolling: waiting in full of all
    - fits_group: it fitted group all when the campaign started [27]
    - in_phase: by rank it is number 3 of 4; phase full reaches to number 4, which is 100 %
    - phase_not_reached: phase full comes after half, which runs [28]
    - campaign_waits: the campaign waits: window opens 2026-01-01 17:00 UTC, 2 devices waiting, 5 h to go
wait until 2026-01-01T18:00:00Z
    = spring rolling, half: outcomes 0 of 2 needed | 2 in progress, 2 not contacted
half succeed
    succeeded: d1 d2
    phase half passed
    phase full started, up to device 4
    queued for 01-01 17:00 to 20:00: d3 d4
    = spring rolling, full: acceptances 2 of 4 needed to judge by | 2 updated, 2 not contacted
wait until 2026-01-01T19:00:00Z
wait until 2026-01-01T21:00:00Z
explain d2
    spring rolling: updated in half of all
    - fits_group: it fitted group all when the campaign started [27]
    - in_phase: by rank it is number 2 of 4; phase half reaches to number 2, which is 50 %
    - updated: it runs the target [38]
full are installing
    accepted: d3 d4
    another window, 01-03 17:00 to 20:00: d3 d4
    = spring rolling, full: window opens 2026-01-03 17:00 UTC, 2 devices waiting | 2 updated, 2 in progress
explain d2
    spring rolling: updated in half of all
    - fits_group: it fitted group all when the campaign started [27]
    - in_phase: by rank it is number 2 of 4; phase half reaches to number 2, which is 50 %
    - updated: it runs the target [38]
wait until 2026-01-02T12:00:00Z
    -- day 1, 12:00
    spring frozen
    = spring rolling, full: frozen until 2026-01-03 12:00 UTC: stocktaking | 2 updated, 2 in progress
explain d2
    spring rolling: updated in half of all
    - fits_group: it fitted group all when the campaign started [27]
    - in_phase: by rank it is number 2 of 4; phase half reaches to number 2, which is 50 %
    - updated: it runs the target [38]
