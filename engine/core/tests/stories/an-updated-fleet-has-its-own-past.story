# Where hardly anybody is left to compare with, devices are held against their own past alone.
fleet 80 sensor_v2 running 1.0.0
    d1 to d80
release 2.0.0
    release 2.0.0 of sensor_v2 published
d1..d80 boot in 10s more or less
d1..d80 report
campaign spring phases full 100% 1h with {"gates": {"health": {"boot_time": {}}}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 80 devices
    phase full started, up to device 80
    queued: 80 devices
    = spring rolling, full: acceptances 0 of 20 needed to judge by | 80 not contacted
full accept
    accepted: 80 devices
    = spring rolling, full: outcomes 0 of 76 needed | 80 in progress
full boot in 15s more or less
full succeed
    succeeded: 50 devices
    alert spring-performance_degradation: boot_time worse on 50 devices
    spring paused
    alert spring-paused: paused by itself, 80 exposed
    succeeded: 30 devices
    = spring paused, full: boot_time is worse by 4997 (from 4487 to 5506) than before the update, on 50 devices; 1007 ms is bearable | 80 updated
status spring
    spring paused, full: boot_time is worse by 4997 (from 4487 to 5506) than before the update, on 50 devices; 1007 ms is bearable | 80 updated
    version 3, 80 devices, 80 exposed
    full 100 %: soaking | 80 updated
    evidence 0.01 of 20: 0 failed, 80 succeeded; the failure rate is 0.0 to 8.8 %
    boot_time in ms: worse by 80 devices, 0 of them beside another, 10024.37 before and 15095.06 after, worse than before by 5070.69 (4668.42 to 5472.96), bearable is 1002.44
