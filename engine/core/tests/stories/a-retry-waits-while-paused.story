# A retry that falls due while the campaign is paused comes when it is resumed. What was queued is hidden meanwhile, and
# its time to make contact begins anew.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h 80%; failure_threshold 50%, contact 6h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d2 d3 d4 d5
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 5 not contacted
d1 fails download
    accepted: d1
    failed download, retry in 1 h: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 failed, 4 not contacted
pause spring because lunch
    spring paused
    = spring paused, full: paused by ann: lunch | 1 failed, 4 not contacted
show d2
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: empty
wait 30h
resume spring
    spring resumed
    queued, attempt 2: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 failed, 4 not contacted
show d2
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, good for 10 h
step
show d1
    active, runs 1.0.0, spring attempt 2 Queued
    job topic: install 2.0.0 from whole image, good for 10 h
d1 succeeds
    accepted: d1
    succeeded: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 updated, 4 not contacted
wait 6h
    -- day 1, 12:00
    removed, not contacted: d2 d3 d4 d5
    spring monitoring
    = spring monitoring, full: soaking for 18 h more | 1 updated, 4 removed
