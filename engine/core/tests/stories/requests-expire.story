# Too few approve in time.
operator bea approver
    bea added as approver
operator cleo approver
    cleo added as approver
fleet 10 sensor_v1
    d1 to d10
release 1.0.0
    release 1.0.0 of sensor_v1 published
approvals {"start": 2, "expires_hours": "2d"}
    approval policy set
campaign spring phases all 100% 24h
    campaign spring created
    = spring draft: not started
start spring
    told {"approval":"pending","needed":2,"request":33}
    ann asks for start of spring, for 2 d
    = spring draft: start waits for approval: 0 of 2
wait 1d
approve spring as bea
    told {"approval":"pending","needed":1,"request":33}
    bea approves
    = spring draft: start waits for approval: 1 of 2
wait 2d
    -- day 2, 00:00
    request 33 of spring is void, expired
    = spring draft: not started
approve spring as cleo
    refused, invalid_transition: nothing waits for approval in spring
status spring
    spring draft: not started
    version 1, 0 devices, 0 exposed
    all 100 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
start spring as cleo
    refused, too_few_approvers: start has to be approved by 2 besides cleo and the authors of spring, and 1 may: make somebody an approver, or ask for fewer in the engine's configuration
approve spring as bea
    refused, invalid_transition: nothing waits for approval in spring
# A policy that asks for less from now on lets the next approval do.
approvals {"start": 1, "expires_hours": "2d"}
    approval policy set
campaign autumn phases all 100% 24h
    campaign autumn created
    = autumn draft: not started
start autumn
    told {"approval":"pending","needed":1,"request":44}
    ann asks for start of autumn, for 2 d
    = autumn draft: start waits for approval: 0 of 1
wait 47h
approve autumn as bea
    told {"approval":"granted","request":44}
    bea approves
    approved
    autumn staged
    autumn started with 10 devices
    phase all started, up to device 10
    autumn: queued: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    = autumn rolling, all: acceptances 0 of 10 needed to judge by | 10 not contacted
