# A phase may wait until it is shown that devices boot as fast as is bearable, or none is left to show it.
fleet 240 sensor_v2 running 1.0.0
    d1 to d240
release 2.0.0
    release 2.0.0 of sensor_v2 published
d1..d240 boot in 10s more or less
d1..d240 report
campaign spring phases canary 30% 1h 60%, full 100% 1h with {"sample_min": 5, "quorum": 50, "gates": {"health": {"boot_time": {"required": true}}}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 240 devices
    phase canary started, up to device 72
    queued: 72 devices
    = spring rolling, canary: acceptances 0 of 5 needed to judge by | 240 not contacted
canary accept
    accepted: 72 devices
    = spring rolling, canary: outcomes 0 of 36 needed | 72 in progress, 168 not contacted
45 of canary succeed
    succeeded: 45 devices
    = spring rolling, canary: boot_time of 45 devices known, 50 needed | 45 updated, 27 in progress, 168 not contacted
5 of canary succeed
    succeeded: d65 d117 d175 d196 d206
    = spring rolling, canary: soaking for 1 h more | 50 updated, 22 in progress, 168 not contacted
status spring
    spring rolling, canary: soaking for 1 h more | 50 updated, 22 in progress, 168 not contacted
    version 2, 240 devices, 72 exposed
    canary 30 %: running | 50 updated, 22 in progress
    full 100 %: pending | 168 not contacted
    evidence 0.02 of 20: 0 failed, 50 succeeded; the failure rate is 0.0 to 12.9 %
    boot_time in ms: bearable by 50 devices, 50 of them beside another, 10139.00 before and 9971.80 after, worse than before by -167.20 (-579.84 to 245.44), worse than others by -167.20 (-579.84 to 245.44), bearable is 1013.90
wait 1h
    -- day 0, 01:00
    phase canary passed
    phase full started, up to device 240
    queued: 168 devices
    = spring rolling, full: successes 50 of 69 needed | 50 updated, 22 in progress, 168 not contacted
all succeed
    accepted: 168 devices
    succeeded: 190 devices
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 240 updated
full accept
wait 1h
    -- day 0, 02:00
    phase full passed
    spring completed
    = spring completed, full | 240 updated
