# A device installs when the window opens by its own clock; one that does not say its time zone goes by the campaign's. It is given its job at once, so that it can download early.
fleet 2 sensor_v2 running 1.0.0 zone=Europe/Berlin
    d1 to d2
fleet 2 sensor_v2 running 1.0.0 zone=America/New_York
    d3 to d4
fleet 1 sensor_v2 running 1.0.0
    d5 to d5
fleet 1 sensor_v2 running 1.0.0 zone=Mars/Olympus
    d6 to d6
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90% with {"time_zone": "Asia/Tokyo", "maintenance_windows": {"start": "02:00", "duration_hours": 3}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 6 devices
    phase full started, up to device 6
    queued for 01-01 01:00 to 04:00: d1 d2
    queued for 01-01 17:00 to 20:00: d5 d6
    queued for 01-01 07:00 to 10:00: d3 d4
    = spring rolling, full: window opens 2026-01-01 10:00 Asia/Tokyo, 6 devices waiting | 6 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image within 01-01 01:00 to 04:00, good for 1 d 4 h
d1 d2 accept
    accepted: d1 d2
    = spring rolling, full: window opens 2026-01-01 10:00 Asia/Tokyo, 6 devices waiting | 2 in progress, 4 not contacted
status spring
    spring rolling, full: window opens 2026-01-01 10:00 Asia/Tokyo, 6 devices waiting | 2 in progress, 4 not contacted
    version 2, 6 devices, 2 exposed
    full 100 %: running | 2 in progress, 4 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
wait until 2026-01-01T01:00:00Z
    = spring rolling, full: acceptances 2 of 6 needed to judge by | 2 in progress, 4 not contacted
d1 succeeds
    succeeded: d1
    = spring rolling, full: acceptances 2 of 6 needed to judge by | 1 updated, 1 in progress, 4 not contacted
wait until 2026-01-01T04:30:00Z
    = spring rolling, full: window opens 2026-01-01 16:00 Asia/Tokyo, 4 devices waiting | 1 updated, 1 in progress, 4 not contacted
# It was not ready in time. It has not failed: when it speaks again, it has the next window.
d2 is installing
    another window, 01-02 01:00 to 04:00: d2
    = spring rolling, full: window opens 2026-01-01 16:00 Asia/Tokyo, 5 devices waiting | 1 updated, 1 in progress, 4 not contacted
show d2
    active, runs 1.0.0, spring attempt 1 InProgress installing
    job topic: install 2.0.0 from whole image within 01-02 01:00 to 04:00, good for 1 d 3 h
wait until 2026-01-01T07:00:00Z
    = spring rolling, full: acceptances 2 of 6 needed to judge by | 1 updated, 1 in progress, 4 not contacted
d3 d4 d5 d6 accept
    accepted: d3 d4 d5 d6
    = spring rolling, full: outcomes 1 of 6 needed | 1 updated, 5 in progress
d3 d4 succeed
    succeeded: d3 d4
    = spring rolling, full: window opens 2026-01-02 02:00 Asia/Tokyo, 3 devices waiting | 3 updated, 3 in progress
wait until 2026-01-01T17:00:00Z
    = spring rolling, full: outcomes 3 of 6 needed | 3 updated, 3 in progress
d5 d6 succeed
    succeeded: d5 d6
    = spring rolling, full: window opens 2026-01-02 10:00 Asia/Tokyo, 1 device waiting | 5 updated, 1 in progress
wait until 2026-01-02T01:00:00Z
    = spring rolling, full: outcomes 5 of 6 needed | 5 updated, 1 in progress
d2 succeeds
    succeeded: d2
    phase full passed
    spring completed
    = spring completed, full | 6 updated
