# Devices that run the target already succeed without a job.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
fleet 2 sensor_v2 running 2.0.0
    d4 to d5
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 95%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d2 d3
    ran it already: d4 d5
    = spring rolling, full: acceptances 2 of 5 needed to judge by | 2 updated, 3 not contacted
d1 d2 d3 succeed
    accepted: d1 d2 d3
    succeeded: d1 d2 d3
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 5 updated
status spring
    spring monitoring, full: soaking for 1 h more | 5 updated
    version 2, 5 devices, 3 exposed
    full 100 %: soaking | 5 updated
    evidence 0.25 of 20: 0 failed, 3 succeeded; the failure rate is 0.0 to 76.8 %
wait 1h
    -- day 0, 01:00
    phase full passed
    spring completed
    = spring completed, full | 5 updated
