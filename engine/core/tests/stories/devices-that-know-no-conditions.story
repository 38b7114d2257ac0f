# A job with conditions is not shown to a device that would not understand it.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
fleet 1 sensor_v2 running 1.0.0 can=conditions
    d3 to d3
fleet 2 sensor_v2
    d4 to d5
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 95% with {"preconditions": {"battery_percent_min": 50}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    removed, knows no conditions: d1 d2
    queued: d3 d4 d5
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted, 2 removed
# Of those that were never heard of it shows when they say what they can, before they see their job.
d4 greets
    active: d4
    removed, knows no conditions: d4
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted, 3 removed
d5 become can=conditions
    active: d5
show d4
    active, runs 0.0.0, spring attempt 1 Removed
    job topic: empty
show d5
    active, runs 0.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, given battery 50 % within 7 d, good for 1 d 4 h
d3 d5 succeed
    accepted: d3 d5
    succeeded: d3 d5
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 2 updated, 3 removed
wait 1h
    -- day 0, 01:00
    phase full passed
    spring completed
    = spring completed, full | 2 updated, 3 removed
status spring
    spring completed, full | 2 updated, 3 removed
    version 2, 5 devices, 2 exposed
    full 100 %: passed | 2 updated, 3 removed
    evidence 0.33 of 20: 0 failed, 2 succeeded; the failure rate is 0.0 to 87.1 %
