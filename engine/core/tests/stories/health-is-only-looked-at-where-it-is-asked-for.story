# Without a health gate, a device may say of itself what it likes.
fleet 240 sensor_v2 running 1.0.0
    d1 to d240
release 2.0.0
    release 2.0.0 of sensor_v2 published
d1..d240 boot in 10s
d1..d240 report
campaign spring phases canary 30% 1h, full 100% 1h
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
canary boot in 50s
canary succeed
    succeeded: 72 devices
    = spring rolling, canary: soaking for 1 h more | 72 updated, 168 not contacted
status spring
    spring rolling, canary: soaking for 1 h more | 72 updated, 168 not contacted
    version 2, 240 devices, 72 exposed
    canary 30 %: soaking | 72 updated
    full 100 %: pending | 168 not contacted
    evidence 0.01 of 20: 0 failed, 72 succeeded; the failure rate is 0.0 to 9.6 %
