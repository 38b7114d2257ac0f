# A campaign that ends at half of the fleet counts that half.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 10% 1h 100%, half 50% 1h 95%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase canary started, up to device 1
    queued: d1
    = spring rolling, canary: acceptances 0 of 1 needed to judge by | 5 not contacted
canary succeed
    accepted: d1
    succeeded: d1
    = spring rolling, canary: soaking for 1 h more | 1 updated, 4 not contacted
wait 1h
    -- day 0, 01:00
    phase canary passed
    phase half started, up to device 5
    queued: d5 d8 d9 d10
    = spring rolling, half: acceptances 1 of 5 needed to judge by | 1 updated, 4 not contacted
half succeed
    accepted: d5 d8 d9 d10
    succeeded: d5 d8 d9 d10
    spring monitoring
    = spring monitoring, half: soaking for 1 h more | 5 updated
wait 1h
    -- day 0, 02:00
    phase half passed
    spring completed
    = spring completed, half | 5 updated
status spring
    spring completed, half | 5 updated
    version 2, 5 devices, 5 exposed
    canary 10 %: passed | 1 updated
    half 50 %: passed | 4 updated
    evidence 0.17 of 20: 0 failed, 5 succeeded; the failure rate is 0.0 to 61.6 %
