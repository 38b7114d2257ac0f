# Who takes part in a static campaign is fixed at its start.
fleet 4 sensor_v2 running 1.0.0 region=eu
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90% with {"sample_min": 1, "groups": [{"name": "eu", "criteria": {"region": "eu"}}]}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase full started, up to device 4
    queued: d1 d2 d3 d4
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 4 not contacted
fleet 2 sensor_v2 running 1.0.0 region=eu
    d5 to d6
full succeed
    accepted: d1 d2 d3 d4
    succeeded: d1 d2 d3 d4
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 4 updated
status spring
    spring monitoring, full: soaking for 1 h more | 4 updated
    version 2, 4 devices, 4 exposed
    full 100 %: soaking | 4 updated
    evidence 0.20 of 20: 0 failed, 4 succeeded; the failure rate is 0.0 to 68.4 %
