# An operator has one device updated, outside the campaigns of its fleet; what becomes of it is its own affair.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
operator vera viewer
    vera added as viewer
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0
    release 2.0.0 of sensor_v2 published
    delta from 1.0.0 to 2.0.0 is to be built
delta 2.0.0 from 1.0.0 useless
    delta from 1.0.0 to 2.0.0 is not to be had
campaign spring of 2.0.0 phases full 100% 1h
    campaign spring created
    = spring draft: not started
send {"command": "device.update", "device": "d2", "version": "2.0.0", "reason": "cannot wait"}
    campaign manual-d2-26 created
    manual-d2-26 staged
    manual-d2-26 started with 1 device
    phase update started, up to device 1
    manual-d2-26: queued: d2
    = manual-d2-26 rolling, update: 1 device without an outcome | 1 not contacted
explain d2
    manual-d2-26 rolling: queued in update of device
    - fits_group: it fitted group device when the campaign started [29]
    - in_phase: by rank it is number 1 of 1; phase update reaches to number 1, which is 100 %
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 1 d to go [31]
    - last_heard: it was last heard of 0 ms ago
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    spring: queued: d1 d3
    spring: deferred, busy: d2
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
explain d2
    manual-d2-26 rolling: queued in update of device
    - fits_group: it fitted group device when the campaign started [29]
    - in_phase: by rank it is number 1 of 1; phase update reaches to number 1, which is 100 %
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 1 d to go [31]
    - last_heard: it was last heard of 0 ms ago
    spring rolling: deferred in full of all
    - fits_group: it fitted group all when the campaign started [34]
    - in_phase: by rank it is number 2 of 3; phase full reaches to number 3, which is 100 %
    - busy: it has been given a job of manual-d2-26, and never has two, 1 d to go [31]
    - goes_first: manual-d2-26 goes first: priority 50 comes before 100 [27]
d2 accept
    manual-d2-26: accepted: d2
    = manual-d2-26 rolling, update: 1 device without an outcome | 1 in progress
d2 succeed
    manual-d2-26: succeeded: d2
    phase update passed
    manual-d2-26 completed
    spring: ran it already: d2
    = spring rolling, full: acceptances 1 of 3 needed to judge by | 1 updated, 2 not contacted
    = manual-d2-26 completed, update | 1 updated
explain d2
    spring rolling: updated in full of all
    - fits_group: it fitted group all when the campaign started [34]
    - in_phase: by rank it is number 2 of 3; phase full reaches to number 3, which is 100 %
    - already_updated: it ran the target already when its turn came [45]
# Others may not, and what cannot be is refused.
send as vera {"command": "device.update", "device": "d1", "version": "2.0.0"}
    refused, not_authorized: device.update is not for this operator's role
send {"command": "device.update", "device": "d9", "version": "2.0.0"}
    refused, unknown_device: d9 is not registered
send {"command": "device.update", "device": "d1", "version": "3.0.0"}
    refused, unknown_release: no release sensor_v2 3.0.0
send {"command": "device.update", "device": "d2", "version": "1.0.0"}
    refused, invalid_transition: d2 runs a newer release, and devices refuse to go back to an older one
retire d3
    spring: removed, retired: d3
    retired: d3
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 1 updated, 1 not contacted, 1 removed
send {"command": "device.update", "device": "d3", "version": "2.0.0"}
    refused, invalid_transition: d3 has been retired
# A job that is there stays, though. What the device declines is the end of it.
send {"command": "device.update", "device": "d1", "version": "2.0.0"}
    campaign manual-d1-54 created
    manual-d1-54 staged
    manual-d1-54 started with 1 device
    phase update started, up to device 1
    manual-d1-54: deferred, busy: d1
    = manual-d1-54 rolling, update: 1 device without an outcome | 1 not contacted
explain d1
    manual-d1-54 rolling: deferred in update of device
    - fits_group: it fitted group device when the campaign started [57]
    - in_phase: by rank it is number 1 of 1; phase update reaches to number 1, which is 100 %
    - busy: it has been given a job of spring, and never has two, 1 d to go [36]
    - goes_first: this goes before spring (priority 50 comes before 100), but a job that is there stays; only a security campaign takes it back [25]
    spring rolling: queued in full of all
    - fits_group: it fitted group all when the campaign started [34]
    - in_phase: by rank it is number 1 of 3; phase full reaches to number 3, which is 100 %
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 1 d to go [36]
    - last_heard: it was last heard of 0 ms ago
cancel spring
    spring canceled
    spring: canceled: d1
    manual-d1-54: queued: d1
    = spring canceled, full: canceled by ann | 1 updated, 2 removed
d1 reject
    manual-d1-54: rejected (story): d1
    alert manual-d1-54-failure_rate: 1 of 1 outcomes failed
    phase update passed
    manual-d1-54 completed
    alert manual-d1-54-failure_rate is over
    = manual-d1-54 completed, update | 1 failed
explain d1
    manual-d1-54 completed: rejected in update of device
    - fits_group: it fitted group device when the campaign started [57]
    - in_phase: by rank it is number 1 of 1; phase update reaches to number 1, which is 100 %
    - attempt_failed: an attempt has failed: rejected (story): as told [65]
    - no_retry_left: no further attempt is left for it [65]
