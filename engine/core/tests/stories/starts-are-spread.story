# Devices are told to begin at different times; the wait is on top of the time to make contact, and no part of the execution.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 25%; sample_min 1, contact 2h, execution 1h, max_retries 0 with {"gates": {"threshold": false, "confident": false}, "rates": {"start_jitter_minutes": "90m"}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase full started, up to device 4
    queued: d1 d2 d3 d4
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 4 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, to begin in 1 h 26 m, good for 4 h 30 m
show d2
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, to begin in 1 h 10 m, good for 4 h 30 m
show d3
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, to begin in 1 h 8 m, good for 4 h 30 m
show d4
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, to begin in 1 h 19 m, good for 4 h 30 m
d1 waits for start for 80m
    accepted: d1
    waits for start, 1 h 20 m: d1
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 1 in progress, 3 not contacted
wait 79m
show d1
    active, runs 1.0.0, spring attempt 1 InProgress installing, waits for start
    job topic: install 2.0.0 from whole image, to begin in 7 m 15 s, good for 3 h 11 m
# Had it begun, an hour would be its limit; it is from the time at which it may begin.
wait 60m
wait 1m
    -- day 0, 02:20
    timed out, no attempt left: d1
    alert spring-failure_rate: 1 of 1 outcomes failed
    = spring rolling, full: successes 0 of 1 needed | 1 failed, 3 not contacted
# Whoever is silent has the jitter and the time to make contact.
wait 70m
    -- day 0, 03:30
    removed, not contacted: d2 d3 d4
    spring paused
    alert spring-paused: paused by itself, 1 exposed
    = spring paused, full: lost 1 of 1 devices up to phase full; 25 % success can no longer be reached | 1 failed, 3 removed
d2 succeeds
wait 1h
