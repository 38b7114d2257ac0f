# Boots that vary from one to the next as they always did pause nothing, however often they are looked at.
fleet 240 sensor_v2 running 1.0.0
    d1 to d240
release 2.0.0
    release 2.0.0 of sensor_v2 published
d1..d240 boot in 10s more or less
d1..d240 report
campaign spring phases canary 30% 1h, full 100% 1h with {"gates": {"health": {"boot_time": {"worse_by": 5}}}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 240 devices
    phase canary started, up to device 72
    queued: 72 devices
    = spring rolling, canary: acceptances 0 of 20 needed to judge by | 240 not contacted
canary accept
    accepted: 72 devices
    = spring rolling, canary: outcomes 0 of 69 needed | 72 in progress, 168 not contacted
canary succeed
    succeeded: 72 devices
    = spring rolling, canary: soaking for 1 h more | 72 updated, 168 not contacted
status spring
    spring rolling, canary: soaking for 1 h more | 72 updated, 168 not contacted
    version 2, 240 devices, 72 exposed
    canary 30 %: soaking | 72 updated
    full 100 %: pending | 168 not contacted
    evidence 0.01 of 20: 0 failed, 72 succeeded; the failure rate is 0.0 to 9.6 %
    boot_time in ms: bearable by 72 devices, 72 of them beside another, 10101.94 before and 10068.33 after, worse than before by -33.61 (-373.92 to 306.70), worse than others by -33.61 (-373.92 to 306.70), bearable is 505.10
wait 1h
    -- day 0, 01:00
    phase canary passed
    phase full started, up to device 240
    queued: 168 devices
    = spring rolling, full: 168 devices without an outcome | 72 updated, 168 not contacted
full accept
    accepted: 168 devices
    = spring rolling, full: outcomes 72 of 228 needed | 72 updated, 168 in progress
full succeed
    succeeded: 168 devices
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 240 updated
wait 1h
    -- day 0, 02:00
    phase full passed
    spring completed
    = spring completed, full | 240 updated
status spring
    spring completed, full | 240 updated
    version 2, 240 devices, 240 exposed
    canary 30 %: passed | 72 updated
    full 100 %: passed | 168 updated
    evidence 0.00 of 20: 0 failed, 240 succeeded; the failure rate is 0.0 to 3.5 %
    boot_time in ms: bearable by 240 devices, 72 of them beside another, 10020.25 before and 10019.62 after, worse than before by -0.63 (-169.72 to 168.47), worse than others by -33.61 (-373.92 to 306.70), bearable is 501.01
