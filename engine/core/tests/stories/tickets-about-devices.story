# A device that has failed for good has a ticket, until somebody has seen to it or it succeeds after all.
fleet 6 sensor_v2 running 1.0.0
    d1 to d6
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h timed; failure_threshold 100%, expected_failure 60%, max_retries 1, backoff 1h with {"monitoring": {"alert_on_failure_rate": 100}, "failure_handling": {"create_support_tickets": true}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 6 devices
    phase full started, up to device 6
    queued: d1 d2 d3 d4 d5 d6
    = spring rolling, full: 6 devices without an outcome | 6 not contacted
d1 d2 fail installation
    accepted: d1 d2
    failed installation, retry in 1 h: d1 d2
    = spring rolling, full: 6 devices without an outcome | 2 failed, 4 not contacted
troubles
wait 1h
    -- day 0, 01:00
    queued, attempt 2: d1 d2
d1 d2 fail installation
    accepted: d1 d2
    failed installation, no attempt left: d1 d2
    ticket opened: d1 d2
    = spring rolling, full: 4 devices without an outcome | 2 failed, 4 not contacted
d3 rejects
    rejected (story): d3
    ticket opened: d3
    = spring rolling, full: 3 devices without an outcome | 3 failed, 3 not contacted
troubles
    ticket: d1 has failed for good in spring, after 2 attempts: installation, story
    ticket: d2 has failed for good in spring, after 2 attempts: installation, story
    ticket: d3 has failed for good in spring, after 1 attempt: rejected, story
close ticket d1 in spring
    ticket closed by ann: d1
close ticket d1 in spring
    refused, unknown_ticket: t-1 is not open
retry spring device d1
    d1 is to be retried
    queued, attempt 3: d1
    = spring rolling, full: 4 devices without an outcome | 3 failed, 3 not contacted
d1 fails installation
    accepted: d1
    failed installation, no attempt left: d1
    ticket opened: d1
    = spring rolling, full: 3 devices without an outcome | 3 failed, 3 not contacted
retry spring device d2
    d2 is to be retried
    queued, attempt 3: d2
    = spring rolling, full: 4 devices without an outcome | 3 failed, 3 not contacted
d2 succeeds
    accepted: d2
    succeeded: d2
    ticket closed by its success: d2
    = spring rolling, full: 3 devices without an outcome | 1 updated, 2 failed, 3 not contacted
send {"command":"ticket.close","ticket":"t-1"}
    refused, unknown_ticket: t-1 is not open
send {"command":"ticket.close","ticket":"4711"}
    refused, malformed: ticket: a ticket is t- and a number
exclude spring device d4
    excluded: d4
    = spring rolling, full: 2 devices without an outcome | 1 updated, 2 failed, 2 not contacted, 1 removed
d5 succeeds
    accepted: d5
    succeeded: d5
    = spring rolling, full: 1 device without an outcome | 2 updated, 2 failed, 1 not contacted, 1 removed
d5 falls back
    success retracted: d5
    ticket opened: d5
    = spring rolling, full: 1 device without an outcome | 1 updated, 3 failed (1 rolled back), 1 not contacted, 1 removed
d6 succeeds
    accepted: d6
    succeeded: d6
    spring monitoring
    = spring monitoring, full: soaking for 23 h more | 2 updated, 3 failed (1 rolled back), 1 removed
wait 1d
    -- day 1, 00:00
    phase full passed
    spring completed
    = spring completed, full | 2 updated, 3 failed (1 rolled back), 1 removed
troubles
    ticket: d3 has failed for good in spring, after 1 attempt: rejected, story
    ticket: d1 has failed for good in spring, after 3 attempts: installation, story
    ticket: d5 was updated by spring and has gone back by itself
close ticket d5 in spring
    ticket closed by ann: d5
