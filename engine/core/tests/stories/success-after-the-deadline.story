# A device that was given up and turns up well is put right in the record; the evidence stays as it was. One that was
# never reached, as far as we knew, has succeeded all the same, and one that turns out to have begun is waited for.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h 20%; expected_failure 60%, execution 2h, max_retries 0, contact 6h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d2 d3 d4 d5
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 5 not contacted
d1 accepts
    accepted: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 in progress, 4 not contacted
d2 d3 take
wait 2h
    -- day 0, 02:00
    timed out, no attempt left: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 failed, 4 not contacted
status spring
    spring rolling, full: acceptances 1 of 5 needed to judge by | 1 failed, 4 not contacted
    version 2, 5 devices, 1 exposed
    full 100 %: running | 1 failed, 4 not contacted
    evidence 1.33 of 20: 1 failed, 0 succeeded; the failure rate is 2.5 to 100.0 %
    errors: 1 lost_contact
d1 succeeds
    succeeded: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 updated, 4 not contacted
status spring
    spring rolling, full: acceptances 1 of 5 needed to judge by | 1 updated, 4 not contacted
    version 2, 5 devices, 1 exposed
    full 100 %: running | 1 updated, 4 not contacted
    evidence 1.33 of 20: 1 failed, 0 succeeded; the failure rate is 2.5 to 100.0 %
    errors: 1 lost_contact
wait 4h
    -- day 0, 06:00
    removed, not contacted: d2 d3 d4 d5
    spring monitoring
    = spring monitoring, full: soaking for 18 h more | 1 updated, 4 removed
d2 succeeds
    accepted: d2
    succeeded: d2
    = spring monitoring, full: soaking for 18 h more | 2 updated, 3 removed
d3 is trial
    accepted: d3
    = spring monitoring, full: outcomes 2 of 3 needed | 2 updated, 1 in progress, 2 removed
show d3
    active, runs 1.0.0, spring attempt 1 InProgress trial
    job topic: install 2.0.0 from whole image, good for 8 h
d3 fails self_test restored
    failed self_test and went back, no attempt left: d3
    alert spring-failure_rate: 1 of 3 outcomes failed
    spring paused
    alert spring-paused: paused by itself, 3 exposed
    = spring paused, full: 1 of 3 outcomes failed, more than 10 % | 2 updated, 1 failed (1 rolled back), 2 removed
status spring
    spring paused, full: 1 of 3 outcomes failed, more than 10 % | 2 updated, 1 failed (1 rolled back), 2 removed
    version 3, 5 devices, 3 exposed
    full 100 %: soaking | 2 updated, 1 failed (1 rolled back), 2 removed
    evidence 0.76 of 20: 2 failed, 1 succeeded; the failure rate is 6.7 to 99.6 %
    errors: 1 lost_contact, 1 self_test
