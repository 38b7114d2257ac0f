# 4.0.0 may only be installed on 3.x: who runs less passes through the newest releases that lead there, in one execution.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
fleet 1 sensor_v2 running 2.0.0
    d3 to d3
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0
    release 2.0.0 of sensor_v2 published
    delta from 1.0.0 to 2.0.0 is to be built
release 2.1.0
    release 2.1.0 of sensor_v2 published
    delta from 2.0.0 to 2.1.0 is to be built
    delta from 1.0.0 to 2.1.0 is to be built
release 3.0.0 requires >=2.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.1.0 to 3.0.0 is to be built
    delta from 2.0.0 to 3.0.0 is to be built
    delta from 1.0.0 to 3.0.0 is to be built
release 3.1.0 requires >=3.0.0
    release 3.1.0 of sensor_v2 published
    delta from 3.0.0 to 3.1.0 is to be built
    delta from 2.1.0 to 3.1.0 is to be built
    delta from 2.0.0 to 3.1.0 is to be built
release 4.0.0 requires >=3.0.0,<4
    release 4.0.0 of sensor_v2 published
    delta from 3.1.0 to 4.0.0 is to be built
    delta from 3.0.0 to 4.0.0 is to be built
    delta from 2.1.0 to 4.0.0 is to be built
fleet 1 sensor_v2
    d4 to d4
campaign spring of 4.0.0 phases full 100% 1h; max_retries 1 with {"gates": {"confident": false, "threshold": false}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    = spring staged: deltas are being built
wait 10m
    -- day 0, 00:10
    spring started with 4 devices
    phase full started, up to device 4
    queued, by way of 2.1.0: d1 d2
    queued, by way of 3.0.0: d3
    queued: d4
    = spring rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.1.0 from whole image, good for 1 d 4 h
explain d1 in spring
    spring rolling: queued in full of all
    - fits_group: it fitted group all when the campaign started [47]
    - in_phase: by rank it is number 1 of 4; phase full reaches to number 4, which is 100 %
    - passes_through: it has to pass through 2.1.0 first [49]
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 1 d to go [49]
    - last_heard: it was last heard of 10 m ago
all accept
    accepted: d1 d2 d3 d4
    = spring rolling, full: outcomes 0 of 4 needed | 4 in progress
all succeed
    passed through 2.1.0: d1 d2
    queued, attempt 2, by way of 3.0.0: d1 d2
    passed through 3.0.0: d3
    queued, attempt 2: d3
    succeeded: d4
    = spring rolling, full: outcomes 1 of 4 needed | 1 updated, 3 not contacted
show d1
    active, runs 2.1.0, spring attempt 2 Queued
    job topic: install 3.0.0 from whole image, good for 1 d 4 h
show d3
    active, runs 3.0.0, spring attempt 2 Queued
    job topic: install 4.0.0 from whole image, good for 1 d 4 h
status spring
    spring rolling, full: outcomes 1 of 4 needed | 1 updated, 3 not contacted
    version 2, 4 devices, 4 exposed
    full 100 %: running | 1 updated, 3 not contacted
    evidence 0.50 of 20: 0 failed, 1 succeeded; the failure rate is 0.0 to 97.5 %
# A failure on the way is the execution's failure; each step has its own retries.
d2 accept
    accepted: d2
    = spring rolling, full: outcomes 1 of 4 needed | 1 updated, 1 in progress, 2 not contacted
d2 fail installation
    failed installation, retry in 1 h: d2
    = spring rolling, full: outcomes 1 of 4 needed | 1 updated, 1 failed, 2 not contacted
explain d2 in spring
    spring rolling: retrying in full of all
    - fits_group: it fitted group all when the campaign started [47]
    - in_phase: by rank it is number 2 of 4; phase full reaches to number 4, which is 100 %
    - attempt_failed: an attempt has failed: installation (story): as told
    - retry_at: attempt 3 is due in 1 h, 1 h to go [75]
wait 1h
    -- day 0, 01:10
    queued, attempt 3, by way of 3.0.0: d2
d2 accept
    accepted: d2
d2 succeed
    passed through 3.0.0: d2
    queued, attempt 4: d2
all accept
    accepted: d1 d2 d3
    = spring rolling, full: outcomes 1 of 4 needed | 1 updated, 1 failed, 2 in progress
all succeed
    passed through 3.0.0: d1
    queued, attempt 3: d1
    succeeded: d2 d3
    = spring rolling, full: outcomes 3 of 4 needed | 3 updated, 1 not contacted
status spring
    spring rolling, full: outcomes 3 of 4 needed | 3 updated, 1 not contacted
    version 2, 4 devices, 4 exposed
    full 100 %: running | 3 updated, 1 not contacted
    evidence 4.42 of 20: 1 failed, 2 succeeded; the failure rate is 0.4 to 93.3 %
    errors: 1 installation
show d3
    active, runs 4.0.0, spring attempt 2 Succeeded
    job topic: empty
d1 accept
    accepted: d1
    = spring rolling, full: outcomes 3 of 4 needed | 3 updated, 1 in progress
d1 succeed
    succeeded: d1
    phase full passed
    spring completed
    = spring completed, full | 4 updated
d2 accept
d2 fail installation
wait 1h
d2 accept
d2 fail installation
status spring
    spring completed, full | 4 updated
    version 2, 4 devices, 4 exposed
    full 100 %: passed | 4 updated
    evidence 2.70 of 20: 1 failed, 3 succeeded; the failure rate is 0.3 to 85.7 %
    errors: 1 installation
# What it has come through stays; what comes of the rest is the campaign's affair.
cancel spring
    refused, invalid_transition: spring is completed and cannot be canceled
show d2
    active, runs 4.0.0, spring attempt 4 Succeeded
    job topic: empty
