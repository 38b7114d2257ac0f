# Whoever may not approve any more has not approved, and whoever may not command any more does not ask.
operator olga operator
    olga added as operator
operator bea approver
    bea added as approver
operator cleo approver
    cleo added as approver
operator dora approver
    dora added as approver
fleet 10 sensor_v1
    d1 to d10
release 1.0.0
    release 1.0.0 of sensor_v1 published
approvals {"start": 2}
    approval policy set
campaign spring phases all 100% 24h
    campaign spring created
    = spring draft: not started
start spring as olga
    told {"approval":"pending","needed":2,"request":35}
    olga asks for start of spring, for 7 d
    = spring draft: start waits for approval: 0 of 2
approve spring as bea
    told {"approval":"pending","needed":1,"request":35}
    bea approves
    = spring draft: start waits for approval: 1 of 2
send {"command": "operator.revoke", "operator": "bea"}
    bea revoked
    the approval by bea is lost
    = spring draft: start waits for approval: 0 of 2
status spring
    spring draft: start waits for approval: 0 of 2
    version 1, 0 devices, 0 exposed
    all 100 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    request 35: start, asked for by olga: 0 of 2 approvals
approve spring as cleo
    told {"approval":"pending","needed":1,"request":35}
    cleo approves
    = spring draft: start waits for approval: 1 of 2
send {"command": "operator.change", "operator": "cleo", "role": "operator"}
    cleo is operator now
    the approval by cleo is lost
    = spring draft: start waits for approval: 0 of 2
send {"command": "operator.change", "operator": "cleo", "role": "approver"}
    cleo is approver now
status spring
    spring draft: start waits for approval: 0 of 2
    version 1, 0 devices, 0 exposed
    all 100 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    request 35: start, asked for by olga: 0 of 2 approvals
approve spring as dora
    told {"approval":"pending","needed":1,"request":35}
    dora approves
    = spring draft: start waits for approval: 1 of 2
send {"command": "operator.revoke", "operator": "olga"}
    olga revoked
    request 35 of spring is void, asker
    = spring draft: not started
status spring
    spring draft: not started
    version 1, 0 devices, 0 exposed
    all 100 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
