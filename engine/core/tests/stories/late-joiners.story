# Devices that come to fit a dynamic campaign join it, by their rank: into the phases that run, or wait for theirs.
fleet 10 sensor_v2 running 1.0.0 region=eu
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases early 20% 1h 90%, full 100% 1h 90% with {"membership": "dynamic", "sample_min": 1, "groups": [{"name": "eu", "criteria": {"region": "eu"}}]}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase early started, up to device 2
    queued: d1 d9
    = spring rolling, early: acceptances 0 of 1 needed to judge by | 10 not contacted
fleet 1 sensor_v2 running 1.0.0 region=us
    d11 to d11
fleet 8 sensor_v2 running 1.0.0 region=eu
    d12 to d19
    joined eu, full: d12 d13 d14 d15 d16 d17 d18 d19
    = spring rolling, early: acceptances 0 of 1 needed to judge by | 18 not contacted
d11 become region=eu
    joined eu, full: d11
    = spring rolling, early: acceptances 0 of 1 needed to judge by | 19 not contacted
early succeed
    accepted: d1 d9
    succeeded: d1 d9
    = spring rolling, early: soaking for 1 h more | 2 updated, 17 not contacted
status spring
    spring rolling, early: soaking for 1 h more | 2 updated, 17 not contacted
    version 2, 19 devices, 2 exposed
    early 20 %: soaking | 2 updated
    full 100 %: pending | 17 not contacted
    evidence 0.33 of 20: 0 failed, 2 succeeded; the failure rate is 0.0 to 87.1 %
wait 1h
    -- day 0, 01:00
    phase early passed
    phase full started, up to device 10
    queued: 17 devices
    = spring rolling, full: 17 devices without an outcome | 2 updated, 17 not contacted
full succeed
    accepted: 17 devices
    succeeded: 17 devices
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 19 updated
fleet 2 sensor_v2 running 1.0.0 region=eu
    d20 to d21
    joined eu, full: d20 d21
    queued: d20 d21
    = spring monitoring, full: 2 devices without an outcome | 19 updated, 2 not contacted
full succeed
    accepted: d20 d21
    succeeded: d20 d21
    = spring monitoring, full: soaking for 1 h more | 21 updated
wait 1h
    -- day 0, 02:00
    phase full passed
    spring completed
    = spring completed, full | 21 updated
fleet 1 sensor_v2 running 1.0.0 region=eu
    d22 to d22
status spring
    spring completed, full | 21 updated
    version 2, 21 devices, 21 exposed
    early 20 %: passed | 2 updated
    full 100 %: passed | 19 updated
    evidence 0.05 of 20: 0 failed, 21 succeeded; the failure rate is 0.0 to 25.2 %
