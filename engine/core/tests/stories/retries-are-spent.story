# After the last attempt the device is lost. The others are enough.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h 60%; max_retries 1, failure_threshold 50%, expected_failure 50%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    queued: d1 d2 d3
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
d1 fails self_test restored
    accepted: d1
    failed self_test and went back, retry in 1 h: d1
    = spring rolling, full: acceptances 1 of 3 needed to judge by | 1 failed (1 rolled back), 2 not contacted
wait 1h
    -- day 0, 01:00
    queued, attempt 2: d1
d1 fails self_test restored
    accepted: d1
    failed self_test and went back, no attempt left: d1
show d1
    active, runs 1.0.0, spring attempt 2 Failed
    job topic: empty
d2 d3 succeed
    accepted: d2 d3
    succeeded: d2 d3
    alert spring-failure_rate: 1 of 3 outcomes failed
    spring monitoring
    = spring monitoring, full: soaking for 23 h more | 2 updated, 1 failed (1 rolled back)
wait 23h
    -- day 1, 00:00
    phase full passed
    spring completed
    alert spring-failure_rate is over
    = spring completed, full | 2 updated, 1 failed (1 rolled back)
