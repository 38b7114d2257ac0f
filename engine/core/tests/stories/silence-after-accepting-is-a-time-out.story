# A device that accepts and falls silent is timed out at the execution deadline, tried again, and at last lost.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h 75%; max_retries 1, execution 4h, contact 24h, failure_threshold 50%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase full started, up to device 4
    queued: d1 d2 d3 d4
    = spring rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
all accept
    accepted: d1 d2 d3 d4
    = spring rolling, full: outcomes 0 of 4 needed | 4 in progress
d2 d3 d4 succeed
    succeeded: d2 d3 d4
    = spring rolling, full: outcomes 3 of 4 needed | 3 updated, 1 in progress
wait 4h
    -- day 0, 04:00
    timed out, retry in 1 h: d1
    alert spring-failure_rate: 1 of 4 outcomes failed
    = spring rolling, full: outcomes 3 of 4 needed | 3 updated, 1 failed
show d1
    active, runs 1.0.0, spring attempt 1 Failed
    job topic: empty
wait 1h
    -- day 0, 05:00
    queued, attempt 2: d1
d1 accepts
    accepted: d1
wait 4h
    -- day 0, 09:00
    timed out, no attempt left: d1
    spring monitoring
    = spring monitoring, full: soaking for 15 h more | 3 updated, 1 failed
show d1
    active, runs 1.0.0, spring attempt 2 TimedOut
    job topic: empty
status spring
    spring monitoring, full: soaking for 15 h more | 3 updated, 1 failed
    version 2, 4 devices, 4 exposed
    full 100 %: soaking | 3 updated, 1 failed
    evidence 2.70 of 20: 1 failed, 3 succeeded; the failure rate is 0.3 to 85.7 %
    errors: 2 lost_contact
wait 1d
    -- day 1, 00:00
    phase full passed
    spring completed
    alert spring-failure_rate is over
    = spring completed, full | 3 updated, 1 failed
