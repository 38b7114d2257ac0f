# An operator has one device updated at a time of their own: until then it is free for everything else, and it is known why it waits.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
send {"command": "device.update", "device": "d1", "version": "2.0.0", "at": "2026-01-01T00:00:00Z"}
    refused, campaign_invalid: at: 2026-01-01T00:00:00Z is over; allowed is after now, up to 366 d ahead
send {"command": "device.update", "device": "d1", "version": "2.0.0", "at": "2027-01-02T00:00:01Z"}
    refused, campaign_invalid: at: 2027-01-02T00:00:01Z is too far ahead; allowed is after now, up to 366 d ahead
send {"command": "device.update", "device": "d1", "version": "2.0.0", "at": "tomorrow"}
    refused, malformed: at: expected a time with its offset from UTC, like 2026-12-01T08:00:00Z, found string "tomorrow"
send {"command": "device.update", "device": "d1", "version": "2.0.0", "at": "2027-01-02T00:00:00Z"}
    campaign manual-d1-18 created
    manual-d1-18 staged
    = manual-d1-18 staged: starts at 2027-01-02 00:00 UTC
cancel manual-d1-18
    manual-d1-18 canceled
    = manual-d1-18 canceled: canceled by ann
send {"command": "device.update", "device": "d1", "version": "2.0.0", "at": "2026-01-02T02:30:00+01:00", "reason": "its owner is away then"}
    campaign manual-d1-23 created
    manual-d1-23 staged
    = manual-d1-23 staged: starts at 2026-01-02 01:30 UTC
explain d1
    manual-d1-23 staged: would_join
    - fits_group: it fits group device [24]
    - campaign_waits: the campaign waits: starts at 2026-01-02 01:30 UTC, 1 d 1 h to go
wait until 2026-01-02T01:29:00Z
wait until 2026-01-02T01:30:00Z
    -- day 1, 01:30
    manual-d1-23 started with 1 device
    phase update started, up to device 1
    manual-d1-23: queued: d1
    = manual-d1-23 rolling, update: 1 device without an outcome | 1 not contacted
explain d1
    manual-d1-23 rolling: queued in update of device
    - fits_group: it fitted group device when the campaign started [26]
    - in_phase: by rank it is number 1 of 1; phase update reaches to number 1, which is 100 %
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 1 d to go [28]
    - last_heard: it was last heard of 1 d 1 h ago
d1 accept
    manual-d1-23: accepted: d1
    = manual-d1-23 rolling, update: 1 device without an outcome | 1 in progress
d1 succeed
    manual-d1-23: succeeded: d1
    phase update passed
    manual-d1-23 completed
    = manual-d1-23 completed, update | 1 updated
# It can be called off, and a device that is not there any more has nobody waiting for it.
send {"command": "device.update", "device": "d2", "version": "2.0.0", "at": "2026-01-03T00:00:00Z"}
    campaign manual-d2-35 created
    manual-d2-35 staged
    = manual-d2-35 staged: starts at 2026-01-03 00:00 UTC
send {"command": "device.update", "device": "d2", "version": "2.0.0", "at": "2026-01-04T00:00:00Z"}
    campaign manual-d2-38 created
    manual-d2-38 staged
    = manual-d2-38 staged: starts at 2026-01-04 00:00 UTC
cancel manual-d2-38
    manual-d2-38 canceled
    = manual-d2-38 canceled: canceled by ann
retire d2
    retired: d2
wait until 2026-01-04T00:00:00Z
    -- day 2, 00:00
    manual-d2-35 started with 0 devices
    phase update started, up to device 0
    phase update passed
    manual-d2-35 completed
    = manual-d2-35 completed, update | no devices
