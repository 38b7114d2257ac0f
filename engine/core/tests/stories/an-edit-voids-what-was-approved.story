# An approval is of the description as it is stored.
operator bea approver
    bea added as approver
operator cleo approver
    cleo added as approver
fleet 10 sensor_v1
    d1 to d10
release 1.0.0
    release 1.0.0 of sensor_v1 published
approvals {"start": 2}
    approval policy set
campaign spring phases all 100% 24h
    campaign spring created
    = spring draft: not started
start spring
    told {"approval":"pending","needed":2,"request":33}
    ann asks for start of spring, for 7 d
    = spring draft: start waits for approval: 0 of 2
approve spring as bea digest 0000000000000000000000000000000000000000000000000000000000000000
    refused, version_conflict: spring is described otherwise than the digest says
approve spring as bea
    told {"approval":"pending","needed":1,"request":33}
    bea approves
    = spring draft: start waits for approval: 1 of 2
edit spring phases all 50% 24h
    request 33 of spring is void, edited
    spring edited
    = spring draft: not started
status spring
    spring draft: not started
    version 2, 0 devices, 0 exposed
    all 50 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
approve spring as cleo
    refused, invalid_transition: nothing waits for approval in spring
start spring
    told {"approval":"pending","needed":2,"request":42}
    ann asks for start of spring, for 7 d
    = spring draft: start waits for approval: 0 of 2
cancel spring
    spring canceled
    request 42 of spring is void, overtaken
    = spring canceled: canceled by ann
status spring
    spring canceled: canceled by ann
    version 3, 0 devices, 0 exposed
    all 50 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
