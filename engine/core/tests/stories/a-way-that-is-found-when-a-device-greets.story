# Nobody knew what d1 runs when its turn came: the way is found when it says so, before it sees any job.
fleet 1 sensor_v2
    d1 to d1
fleet 1 sensor_v2 running 1.0.0
    d2 to d2
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0
    release 2.0.0 of sensor_v2 published
    delta from 1.0.0 to 2.0.0 is to be built
release 3.0.0 requires >=2.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
    delta from 1.0.0 to 3.0.0 is to be built
campaign spring of 3.0.0 phases full 100% 1h with {"gates": {"confident": false, "threshold": false}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    = spring staged: deltas are being built
wait 10m
    -- day 0, 00:10
    spring started with 2 devices
    phase full started, up to device 2
    queued: d1
    queued, by way of 2.0.0: d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
show d1
    provisioned, spring attempt 1 Queued
    job topic: install 3.0.0 from whole image, good for 1 d 4 h
d1 greet
    active: d1
    deferred, reconsidered: d1
    queued, by way of 2.0.0: d1
explain d1 in spring
    spring rolling: queued in full of all
    - fits_group: it fitted group all when the campaign started [24]
    - in_phase: by rank it is number 1 of 2; phase full reaches to number 2, which is 100 %
    - passes_through: it has to pass through 2.0.0 first [31]
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 1 d to go [31]
    - last_heard: it was last heard of 0 ms ago
# A step that turns out well after it was given up is a step all the same.
d2 accept
    accepted: d2
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 1 in progress, 1 not contacted
wait 4h
    -- day 0, 04:10
    timed out, retry in 1 h: d2
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 1 failed, 1 not contacted
d2 succeed
    passed through 2.0.0: d2
    queued, attempt 2: d2
all accept
    accepted: d1 d2
    = spring rolling, full: outcomes 0 of 2 needed | 1 failed, 1 in progress
all succeed
    passed through 2.0.0: d1
    queued, attempt 2: d1
    succeeded: d2
    = spring rolling, full: outcomes 1 of 2 needed | 1 updated, 1 not contacted
all accept
    accepted: d1
    = spring rolling, full: outcomes 1 of 2 needed | 1 updated, 1 in progress
all succeed
    succeeded: d1
    phase full passed
    spring completed
    = spring completed, full | 2 updated
status spring
    spring completed, full | 2 updated
    version 2, 2 devices, 2 exposed
    full 100 %: passed | 2 updated
    evidence 8.67 of 20: 1 failed, 1 succeeded; the failure rate is 0.8 to 99.2 %
    errors: 1 lost_contact
