# A user puts it off as often as the campaign allows; then it is installed, or not, as the campaign says.
fleet 2 sensor_v2 running 1.0.0 can=conditions
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 95% with {"preconditions": {"consent": {"postponements_max": 2, "postpone_hours_max": "8h", "at_limit": "fail"}}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    queued: d1 d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
show d1
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, given consent postponed at most 2 times for 8 h, then GiveUp within 7 d, good for 1 d 4 h
full accept
    accepted: d1 d2
    = spring rolling, full: outcomes 0 of 2 needed | 2 in progress
d1 d2 wait for consent
    waits for consent: d1 d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 in progress
d1 waits for consent postponed 1 for 8h
    waits for consent, 8 h, postponed 1: d1
show d1
    active, runs 1.0.0, spring attempt 1 InProgress installing, waits for consent
    job topic: install 2.0.0 from whole image, given consent postponed at most 2 times for 8 h, then GiveUp within 7 d, good for 1 d 4 h
wait 8h
d1 waits for consent postponed 2 for 8h
    waits for consent, 8 h, postponed 2: d1
d2 is installing
    goes on: d2
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 2 in progress
d2 succeeds
    succeeded: d2
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 1 updated, 1 in progress
wait 8h
d1 gives up consent_denied
    removed, its user did not agree: d1
    phase full passed
    spring completed
    = spring completed, full | 1 updated, 1 removed
show d1
    active, runs 1.0.0, spring attempt 1 Removed
    job topic: empty
wait 1h
status spring
    spring completed, full | 1 updated, 1 removed
    version 2, 2 devices, 2 exposed
    full 100 %: passed | 1 updated, 1 removed
    evidence 0.50 of 20: 0 failed, 1 succeeded; the failure rate is 0.0 to 97.5 %
