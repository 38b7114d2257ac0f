# All devices come up, but slowly: against their own past and against the others the boot takes too long.
fleet 240 sensor_v2 running 1.0.0
    d1 to d240
release 2.0.0
    release 2.0.0 of sensor_v2 published
d1..d240 boot in 10s more or less
d1..d240 report
campaign spring phases canary 30% 1h, full 100% 1h with {"gates": {"health": {"boot_time": {}}}}
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
status spring
    spring rolling, canary: outcomes 0 of 69 needed | 72 in progress, 168 not contacted
    version 2, 240 devices, 72 exposed
    canary 30 %: running | 72 in progress
    full 100 %: pending | 168 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    boot_time in ms: toofew by 0 devices, 0 of them beside another
canary boot in 13s more or less
49 of canary succeed
    succeeded: 49 devices
    = spring rolling, canary: outcomes 49 of 69 needed | 49 updated, 23 in progress, 168 not contacted
status spring
    spring rolling, canary: outcomes 49 of 69 needed | 49 updated, 23 in progress, 168 not contacted
    version 2, 240 devices, 72 exposed
    canary 30 %: running | 49 updated, 23 in progress
    full 100 %: pending | 168 not contacted
    evidence 0.02 of 20: 0 failed, 49 succeeded; the failure rate is 0.0 to 13.1 %
    boot_time in ms: toofew by 49 devices, 49 of them beside another, 10136.73 before and 12972.94 after
all succeed
    succeeded: d8
    alert spring-performance_degradation: boot_time worse on 50 devices
    spring paused
    alert spring-paused: paused by itself, 72 exposed
    succeeded: 22 devices
    = spring paused, canary: boot_time is worse by 2822 (from 2355 to 3288) than before the update, on 50 devices, and by 2822 (from 2355 to 3288) than on devices not updated, beside 50 of them; 1013 ms is bearable | 72 updated, 168 not contacted
status spring
    spring paused, canary: boot_time is worse by 2822 (from 2355 to 3288) than before the update, on 50 devices, and by 2822 (from 2355 to 3288) than on devices not updated, beside 50 of them; 1013 ms is bearable | 72 updated, 168 not contacted
    version 3, 240 devices, 72 exposed
    canary 30 %: soaking | 72 updated
    full 100 %: pending | 168 not contacted
    evidence 0.01 of 20: 0 failed, 72 succeeded; the failure rate is 0.0 to 9.6 %
    boot_time in ms: worse by 72 devices, 72 of them beside another, 10101.94 before and 13088.83 after, worse than before by 2986.89 (2598.15 to 3375.63), worse than others by 2986.89 (2598.15 to 3375.63), bearable is 1010.19
# Who resumes accepts how things are, and the gate looks at what comes after.
resume spring
    spring resumed
    = spring rolling, canary: soaking for 1 h more | 72 updated, 168 not contacted
wait 1h
    -- day 0, 00:05
    alert spring-paused is over
    alert spring-performance_degradation is over
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
status spring
    spring monitoring, full: soaking for 1 h more | 240 updated
    version 4, 240 devices, 240 exposed
    canary 30 %: passed | 72 updated
    full 100 %: soaking | 168 updated
    evidence 0.01 of 20: 0 failed, 168 succeeded; the failure rate is 0.0 to 4.7 %
    boot_time in ms: bearable by 168 devices, 0 of them beside another, 9985.24 before and 9998.75 after, worse than before by 13.51 (-176.74 to 203.76), bearable is 998.52
wait 1h
    -- day 0, 02:00
    phase full passed
    spring completed
    = spring completed, full | 240 updated
