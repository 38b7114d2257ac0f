# Who has accepted and says nothing of an outcome for long is reported, whatever the engine does about it meanwhile.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h 50%; failure_threshold 100%, expected_failure 60%, max_retries 1, execution 4h, contact 24h with {"monitoring": {"alert_on_failure_rate": 100, "alert_on_timeout_hours": 12}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase full started, up to device 4
    queued: d1 d2 d3 d4
    = spring rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
d1 accepts
    accepted: d1
    = spring rolling, full: acceptances 1 of 4 needed to judge by | 1 in progress, 3 not contacted
wait 1h
d2 accepts
    accepted: d2
    = spring rolling, full: acceptances 2 of 4 needed to judge by | 2 in progress, 2 not contacted
d3 succeeds
    accepted: d3
    succeeded: d3
    = spring rolling, full: acceptances 3 of 4 needed to judge by | 1 updated, 2 in progress, 1 not contacted
# d1 falls silent, d2 does not: at twelve hours to the second, and not before.
wait 10h
    -- day 0, 04:00
    timed out, retry in 1 h: d1
    -- day 0, 05:00
    timed out, retry in 1 h: d2
    queued, attempt 2: d1
    -- day 0, 06:00
    queued, attempt 2: d2
    = spring rolling, full: acceptances 3 of 4 needed to judge by | 1 updated, 2 failed, 1 not contacted
d2 fails self_test
    accepted: d2
    failed self_test, no attempt left: d2
wait 1h
    -- day 0, 12:00
    alert spring-timeouts: 1 without an outcome for 12 h
troubles
    spring-timeouts: 1 device accepted a job 12 h ago or earlier and had no outcome
# Its second attempt is accepted: it is there, and has twelve hours again.
d1 accepts
    accepted: d1
troubles
    spring-timeouts: 1 device accepted a job 12 h ago or earlier and had no outcome
wait 4h
    -- day 0, 12:05
    alert spring-timeouts is over
    -- day 0, 16:00
    timed out, no attempt left: d1
wait 8h
    -- day 1, 00:00
    removed, not contacted: d4
    alert spring-timeouts: 1 without an outcome for 12 h
    spring paused
    alert spring-paused: paused by itself, 3 exposed
    = spring paused, full: lost 2 of 3 devices up to phase full; 50 % success can no longer be reached | 1 updated, 2 failed, 1 removed
d1 fails installation
troubles
    spring-timeouts: 1 device accepted a job 12 h ago or earlier and had no outcome
    spring-paused: the campaign has paused by itself, with 3 devices exposed; its status says why, and it waits for an operator
