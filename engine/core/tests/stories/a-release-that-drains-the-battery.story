# It boots, it runs, and it drains the battery: every update succeeds, and the campaign pauses.
fleet 240 sensor_v2 running 1.0.0
    d1 to d240
release 2.0.0
    release 2.0.0 of sensor_v2 published
d1..d240 drain 4% a day more or less
d1..d240 report
campaign spring phases canary 30% 12h, full 100% 1d with {"gates": {"health": {"battery_drain": {"worse_by": 20, "over_hours": 4}}}}
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
canary drain 6% a day more or less
wait 4h
    = spring rolling, canary: soaking for 8 h more | 72 updated, 168 not contacted
d1..d240 report
    alert spring-performance_degradation: battery_drain worse on 50 devices
    spring paused
    alert spring-paused: paused by itself, 72 exposed
    = spring paused, canary: battery_drain is worse by 2.01 (from 1.79 to 2.23) than before the update, on 50 devices, and by 2.01 (from 1.79 to 2.23) than on devices not updated, beside 50 of them; 0.81 % a day is bearable | 72 updated, 168 not contacted
status spring
    spring paused, canary: battery_drain is worse by 2.01 (from 1.79 to 2.23) than before the update, on 50 devices, and by 2.01 (from 1.79 to 2.23) than on devices not updated, beside 50 of them; 0.81 % a day is bearable | 72 updated, 168 not contacted
    version 3, 240 devices, 72 exposed
    canary 30 %: soaking | 72 updated
    full 100 %: pending | 168 not contacted
    evidence 0.01 of 20: 0 failed, 72 succeeded; the failure rate is 0.0 to 9.6 %
    battery_drain in % a day: worse by 72 devices, 72 of them beside another, 4.04 before and 6.04 after, worse than before by 2.00 (1.83 to 2.17), worse than others by 2.00 (1.83 to 2.17), bearable is 0.81
