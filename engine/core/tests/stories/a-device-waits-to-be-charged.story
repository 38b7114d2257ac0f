# A device that waits for its battery has nothing to show of the release: it holds up neither quorum nor promotion.
fleet 4 sensor_v2 running 1.0.0 can=conditions
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 50% 1h 100%, full 100% 1h 50%; sample_min 1 with {"preconditions": {"battery_percent_min": 30}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase canary started, up to device 2
    queued: d1 d2
    = spring rolling, canary: acceptances 0 of 1 needed to judge by | 4 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, given battery 30 % within 7 d, good for 1 d 4 h
canary accept
    accepted: d1 d2
    = spring rolling, canary: outcomes 0 of 2 needed | 2 in progress, 2 not contacted
canary wait for battery
    waits for battery: d1 d2
    = spring rolling, canary: acceptances 0 of 1 needed to judge by | 2 in progress, 2 not contacted
status spring
    spring rolling, canary: acceptances 0 of 1 needed to judge by | 2 in progress, 2 not contacted
    version 2, 4 devices, 2 exposed
    canary 50 %: running | 2 in progress
    full 100 %: pending | 2 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    waiting: 2 battery
# The execution limit does not run while it waits.
wait 6h
2 of canary succeed
    succeeded: d1
    phase canary passed
    phase full started, up to device 4
    queued: d3 d4
    succeeded: d2
    = spring rolling, full: 2 devices without an outcome | 2 updated, 2 not contacted
# It is the battery's turn, and then the limit runs anew.
full wait for battery
    accepted: d3 d4
    waits for battery: d3 d4
    = spring rolling, full: 2 devices without an outcome | 2 updated, 2 in progress
wait 1h
full are installing
wait 3h
full succeed
    succeeded: d3 d4
    phase full passed
    spring completed
    = spring completed, full | 4 updated
wait 2h
