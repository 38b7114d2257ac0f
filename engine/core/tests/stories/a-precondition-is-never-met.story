# Whoever waits for too long is taken out, and says nothing of the release; another attempt is the operator's to give.
fleet 3 sensor_v2 running 1.0.0 can=conditions
    d1 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 5d 95%; max_retries 2 with {"preconditions": {"external_power": true, "free_bytes_min": 5000}, "timeouts": {"waiting_hours": "2d"}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    queued: d1 d2 d3
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, given 5000 bytes free and external power within 2 d, good for 1 d 4 h
full accept
    accepted: d1 d2 d3
    = spring rolling, full: outcomes 0 of 3 needed | 3 in progress
d1 d2 wait for power
    waits for power: d1 d2
    = spring rolling, full: acceptances 1 of 3 needed to judge by | 3 in progress
d3 waits for space
    waits for space: d3
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 in progress
wait 1d
    -- day 1, 00:00
    alert spring-stalled: nothing for 1 d, 3 waited for
d3 gives up precondition_unmet
    removed, waited too long: d3
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 in progress, 1 removed
# Something else to wait for, but no other patience.
d2 waits for battery
    waits for battery: d2
wait 2d
    -- day 1, 00:05
    alert spring-stalled is over
    -- day 2, 00:00
    removed, waited too long: d1 d2
    spring monitoring
    = spring monitoring, full: soaking for 2 d more | 3 removed
status spring
    spring monitoring, full: soaking for 2 d more | 3 removed
    version 2, 3 devices, 3 exposed
    full 100 %: soaking | 3 removed
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
# It may still say that it waits; only when it goes on it is part of the campaign again.
d1 waits for power
d1 is installing
    accepted: d1
    = spring monitoring, full: outcomes 0 of 1 needed | 1 in progress, 2 removed
d1 succeeds
    succeeded: d1
    = spring monitoring, full: soaking for 2 d more | 1 updated, 2 removed
# d2 gets another attempt.
retry spring device d2
    d2 is to be retried
    queued, attempt 2: d2
    = spring monitoring, full: outcomes 1 of 2 needed | 1 updated, 1 not contacted, 1 removed
show d2
    active, runs 1.0.0, spring attempt 2 Queued
    job topic: install 2.0.0 from whole image, given 5000 bytes free and external power within 2 d, good for 1 d 4 h
wait 5d
    -- day 4, 00:00
    removed, not contacted: d2
    -- day 5, 00:00
    phase full passed
    spring completed
    = spring completed, full | 1 updated, 2 removed
