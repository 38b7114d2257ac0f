# Batteries run down faster, on updated devices and on those that are not: the weather, not the release.
fleet 240 sensor_v2 running 1.0.0
    d1 to d240
release 2.0.0
    release 2.0.0 of sensor_v2 published
d1..d240 drain 4% a day more or less
d1..d240 report
campaign spring phases canary 30% 12h, full 100% 1d with {"gates": {"health": {"battery_drain": {}}}}
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
d1..d240 drain 6% a day more or less
wait 5h
    = spring rolling, canary: soaking for 7 h more | 72 updated, 168 not contacted
d1..d240 report
status spring
    spring rolling, canary: soaking for 7 h more | 72 updated, 168 not contacted
    version 2, 240 devices, 72 exposed
    canary 30 %: soaking | 72 updated
    full 100 %: pending | 168 not contacted
    evidence 0.01 of 20: 0 failed, 72 succeeded; the failure rate is 0.0 to 9.6 %
    battery_drain in % a day: toofew by 0 devices, 0 of them beside another
wait 1h
    = spring rolling, canary: soaking for 6 h more | 72 updated, 168 not contacted
d1..d240 report
status spring
    spring rolling, canary: soaking for 6 h more | 72 updated, 168 not contacted
    version 2, 240 devices, 72 exposed
    canary 30 %: soaking | 72 updated
    full 100 %: pending | 168 not contacted
    evidence 0.01 of 20: 0 failed, 72 succeeded; the failure rate is 0.0 to 9.6 %
    battery_drain in % a day: bearable by 72 devices, 72 of them beside another, 4.04 before and 6.04 after, worse than before by 2.00 (1.83 to 2.17), worse than others by -0.00 (-0.18 to 0.17), bearable is 0.40
