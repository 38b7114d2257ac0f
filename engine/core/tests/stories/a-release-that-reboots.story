# Devices crash with it now and then. Their own past is the time with the image before.
fleet 240 sensor_v2 running 1.0.0
    d1 to d240
release 2.0.0
    release 2.0.0 of sensor_v2 published
d1..d240 crash 0 times
d1..d240 report
wait 10d
d1..d60 crash 1 times
d1..d240 report
campaign spring phases canary 30% 12h, full 100% 1d with {"gates": {"health": {"reboot_rate": {"worse_by": 50, "at_least_per_1000_days": 100}}}}
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
    = spring rolling, canary: soaking for 12 h more | 72 updated, 168 not contacted
30 of canary crash 1 times
wait 6h
    = spring rolling, canary: soaking for 6 h more | 72 updated, 168 not contacted
d1..d240 report
    alert spring-performance_degradation: reboot_rate worse on 50 devices
    spring paused
    alert spring-paused: paused by itself, 72 exposed
    = spring paused, canary: reboot_rate is worse by 1.568 (from 0.705192 to 2.430808) than before the update, on 50 devices; 0.1 reboots a day is bearable | 72 updated, 168 not contacted
status spring
    spring paused, canary: reboot_rate is worse by 1.568 (from 0.705192 to 2.430808) than before the update, on 50 devices; 0.1 reboots a day is bearable | 72 updated, 168 not contacted
    version 3, 240 devices, 72 exposed
    canary 30 %: soaking | 72 updated
    full 100 %: pending | 168 not contacted
    evidence 0.01 of 20: 0 failed, 72 succeeded; the failure rate is 0.0 to 9.6 %
    reboot_rate in reboots a day: worse by 72 devices, 43 of them beside another, 0.02 before and 1.67 after, worse than before by 1.64 (0.93 to 2.36), bearable is 0.10
