# A device whose executions keep failing is flagged: nothing is offered to it until somebody has looked at it.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0
    release 2.0.0 of sensor_v2 published
    delta from 1.0.0 to 2.0.0 is to be built
release 3.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
    delta from 1.0.0 to 3.0.0 is to be built
delta 2.0.0 from 1.0.0 useless
    delta from 1.0.0 to 2.0.0 is not to be had
delta 3.0.0 from 1.0.0 useless
    delta from 1.0.0 to 3.0.0 is not to be had
delta 3.0.0 from 2.0.0 useless
    delta from 2.0.0 to 3.0.0 is not to be had
campaign one of 2.0.0 phases full 100% 1h; max_retries 0 with {"gates": {"confident": false, "threshold": false}, "failure_handling": {"flag_after": 2}}
    campaign one created
    = one draft: not started
start one
    one staged
    one started with 2 devices
    phase full started, up to device 2
    queued: d1 d2
    = one rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
d1 d2 accept
    accepted: d1 d2
    = one rolling, full: outcomes 0 of 2 needed | 2 in progress
d1 fail self_test
    failed self_test, no attempt left: d1
    one paused
    alert one-paused: paused by itself, 2 exposed
    = one paused, full: lost 1 of 2 devices up to phase full; 95 % success can no longer be reached | 1 failed, 1 in progress
d2 succeed
    succeeded: d2
    alert one-failure_rate: 1 of 2 outcomes failed
    = one paused, full: lost 1 of 2 devices up to phase full; 95 % success can no longer be reached | 1 updated, 1 failed
# A success ends the row.
campaign two of 3.0.0 phases full 100% 1h; max_retries 0 with {"gates": {"confident": false, "threshold": false}, "failure_handling": {"flag_after": 2}}
    campaign two created
    = two draft: not started
start two
    two staged
    two started with 2 devices
    phase full started, up to device 2
    two: queued: d1 d2
    = two rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
d1 d2 accept
    two: accepted: d1 d2
    = two rolling, full: outcomes 0 of 2 needed | 2 in progress
d2 fail self_test
    two: failed self_test, no attempt left: d2
    two paused
    alert two-paused: paused by itself, 2 exposed
    = two paused, full: lost 1 of 2 devices up to phase full; 95 % success can no longer be reached | 1 failed, 1 in progress
d1 fail self_test
    two: failed self_test, no attempt left: d1
    flagged, 2 executions failed in a row: d1
    alert two-failure_rate: 2 of 2 outcomes failed
    = two paused, full: lost 1 of 2 devices up to phase full; 95 % success can no longer be reached | 2 failed
show d1
    active, runs 1.0.0, two attempt 1 Failed
    job topic: empty
explain d1
    one paused: failed in full of all
    - fits_group: it fitted group all when the campaign started [29]
    - in_phase: by rank it is number 2 of 2; phase full reaches to number 2, which is 100 %
    - attempt_failed: an attempt has failed: self_test (story): as told [38]
    - no_retry_left: no further attempt is left for it [38]
    - flagged: it is flagged, for 2 of its executions have failed in a row: nothing is offered to it until that is taken back [62]
    two paused: failed in full of all
    - fits_group: it fitted group all when the campaign started [48]
    - in_phase: by rank it is number 2 of 2; phase full reaches to number 2, which is 100 %
    - attempt_failed: an attempt has failed: self_test (story): as told [61]
    - no_retry_left: no further attempt is left for it [61]
    - flagged: it is flagged, for 2 of its executions have failed in a row: nothing is offered to it until that is taken back [62]
send {"command": "device.update", "device": "d1", "version": "3.0.0"}
    refused, invalid_transition: d1 is flagged, for 2 of its executions have failed in a row: device.unflag takes that back
send {"command": "campaign.retry", "campaign": "two", "device": "d1"}
    refused, invalid_transition: d1 is flagged, for 2 of its executions have failed in a row: device.unflag takes that back
# Campaigns pass it over, and come to their end without it.
campaign three of 3.0.0 phases full 100% 1h; max_retries 0
    campaign three created
    = three draft: not started
start three
    three staged
    three started with 2 devices
    phase full started, up to device 2
    three: queued: d2
    three: removed, flagged: d1
    = three rolling, full: acceptances 0 of 1 needed to judge by | 1 not contacted, 1 removed
explain d1 in three
    three rolling: removed in full of all
    - fits_group: it fitted group all when the campaign started [70]
    - in_phase: by rank it is number 2 of 2; phase full reaches to number 2, which is 100 %
    - flagged: its executions kept failing, so it was passed over [73]
    - flagged: it is flagged, for 2 of its executions have failed in a row: nothing is offered to it until that is taken back [62]
d2 succeed
    three: accepted: d2
    three: succeeded: d2
    three monitoring
    = three monitoring, full: soaking for 1 h more | 1 updated, 1 removed
# Once somebody has looked at it, it has its turn.
campaign four of 3.0.0 phases full 100% 1h; max_retries 0
    campaign four created
    = four draft: not started
start four
    four staged
    four started with 2 devices
    phase full started, up to device 2
    four: ran it already: d2
    four: removed, flagged: d1
    four monitoring
    = four monitoring, full: soaking for 1 h more | 1 updated, 1 removed
status four
    four monitoring, full: soaking for 1 h more | 1 updated, 1 removed
    version 2, 2 devices, 0 exposed
    full 100 %: soaking | 1 updated, 1 removed
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
send {"command": "device.unflag", "device": "d1", "reason": "power supply replaced"}
    flagged no more: d1
    d1 is to be retried
    d1 is to be retried
    three: queued: d1
    four: deferred, busy: d1
    = three monitoring, full: acceptances 1 of 2 needed to judge by | 1 updated, 1 not contacted
    = four monitoring, full: acceptances 1 of 2 needed to judge by | 1 updated, 1 not contacted
send {"command": "device.unflag", "device": "d1"}
    refused, invalid_transition: d1 is not flagged
d1 succeed
    three: accepted: d1
    three: succeeded: d1
    four: ran it already: d1
    = three monitoring, full: soaking for 1 h more | 2 updated
    = four monitoring, full: soaking for 1 h more | 2 updated
show d1
    active, runs 3.0.0, four attempt 0 Succeeded
    job topic: empty
status four
    four monitoring, full: soaking for 1 h more | 2 updated
    version 2, 2 devices, 0 exposed
    full 100 %: soaking | 2 updated
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
