# Advancing, expediting, resuming and rolling back, each approved, and overtaken when the campaign has moved on.
operator olga operator
    olga added as operator
operator bea approver
    bea added as approver
fleet 20 sensor_v1 running 0.9.0
    d1 to d20
release 0.9.0
    release 0.9.0 of sensor_v1 published
release 1.0.0 back to 0.9.0
    release 1.0.0 of sensor_v1 published
    way back from 1.0.0 to 0.9.0
    delta from 0.9.0 to 1.0.0 is to be built
delta 1.0.0 from 0.9.0 failed
    delta from 0.9.0 to 1.0.0 is not to be had
campaign spring phases canary 10% 24h, half 50% 24h, all 100% 24h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 20 devices
    phase canary started, up to device 2
    queued: d1 d9
    = spring rolling, canary: acceptances 0 of 2 needed to judge by | 20 not contacted
approvals {"advance": 1, "resume": 1, "rollback": 1}
    approval policy set
advance spring as olga because it is urgent
    told {"approval":"pending","needed":1,"request":104}
    olga asks for advance of spring, for 7 d
roll back spring as olga phases 50 because critical_bug
    told {"approval":"pending","needed":1,"request":106}
    olga asks for rollback of spring, for 7 d
status spring
    spring rolling, canary: acceptances 0 of 2 needed to judge by | 20 not contacted
    version 2, 20 devices, 0 exposed
    canary 10 %: running | 2 not contacted
    half 50 %: pending | 8 not contacted
    all 100 %: pending | 10 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    request 104: advance past canary, asked for by olga: 0 of 1 approvals because it is urgent
    request 106: roll back in phases (critical bug), asked for by olga: 0 of 1 approvals
approve spring as bea
    refused, malformed: request: several wait for approval in spring: say which
approve spring as bea request 1
    refused, invalid_transition: request 1 of spring does not wait for approval
expedite spring as olga device d1
    refused, invalid_transition: d1 is queued in spring and cannot be expedited
status spring
    spring rolling, canary: acceptances 0 of 2 needed to judge by | 20 not contacted
    version 2, 20 devices, 0 exposed
    canary 10 %: running | 2 not contacted
    half 50 %: pending | 8 not contacted
    all 100 %: pending | 10 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    request 104: advance past canary, asked for by olga: 0 of 1 approvals because it is urgent
    request 106: roll back in phases (critical bug), asked for by olga: 0 of 1 approvals
# The phase passes by itself: nobody wants to advance past the next one.
all accept
    accepted: d1 d9
    = spring rolling, canary: outcomes 0 of 2 needed | 2 in progress, 18 not contacted
all succeed
    succeeded: d1 d9
    = spring rolling, canary: soaking for 1 d more | 2 updated, 18 not contacted
wait 25h
    -- day 1, 00:00
    phase canary passed
    request 104 of spring is void, overtaken
    phase half started, up to device 10
    queued: d2 d5 d8 d10 d11 d13 d14 d19
    = spring rolling, half: acceptances 2 of 10 needed to judge by | 2 updated, 18 not contacted
status spring
    spring rolling, half: acceptances 2 of 10 needed to judge by | 2 updated, 18 not contacted
    version 2, 20 devices, 2 exposed
    canary 10 %: passed | 2 updated
    half 50 %: running | 8 not contacted
    all 100 %: pending | 10 not contacted
    evidence 0.33 of 20: 0 failed, 2 succeeded; the failure rate is 0.0 to 87.1 %
    request 106: roll back in phases (critical bug), asked for by olga: 0 of 1 approvals
advance spring as olga
    told {"approval":"pending","needed":1,"request":130}
    olga asks for advance of spring, for 7 d
pause spring
    spring paused
    request 130 of spring is void, overtaken
    = spring paused, half: paused by ann | 2 updated, 18 not contacted
resume spring as olga
    told {"approval":"pending","needed":1,"request":135}
    olga asks for resume of spring, for 7 d
status spring
    spring paused, half: paused by ann | 2 updated, 18 not contacted
    version 3, 20 devices, 2 exposed
    canary 10 %: passed | 2 updated
    half 50 %: running | 8 not contacted
    all 100 %: pending | 10 not contacted
    evidence 0.33 of 20: 0 failed, 2 succeeded; the failure rate is 0.0 to 87.1 %
    request 106: roll back in phases (critical bug), asked for by olga: 0 of 1 approvals
    request 135: resume, asked for by olga: 0 of 1 approvals
approve spring as bea
    refused, malformed: request: several wait for approval in spring: say which
status spring
    spring paused, half: paused by ann | 2 updated, 18 not contacted
    version 3, 20 devices, 2 exposed
    canary 10 %: passed | 2 updated
    half 50 %: running | 8 not contacted
    all 100 %: pending | 10 not contacted
    evidence 0.33 of 20: 0 failed, 2 succeeded; the failure rate is 0.0 to 87.1 %
    request 106: roll back in phases (critical bug), asked for by olga: 0 of 1 approvals
    request 135: resume, asked for by olga: 0 of 1 approvals
approve spring as bea request 135
    told {"approval":"granted","request":135}
    bea approves
    approved
    spring resumed
    = spring rolling, half: acceptances 2 of 10 needed to judge by | 2 updated, 18 not contacted
expedite spring as olga device d3
    told {"approval":"pending","needed":1,"request":142}
    olga asks for expedite of spring, for 7 d
expedite spring as olga device d4
    refused, invalid_transition: olga has asked for expedite of spring already: it waits for approval
approve spring as bea request 142
    told {"approval":"granted","request":142}
    bea approves
    approved
    expedited: d3
    queued: d3
advance spring as olga
    told {"approval":"pending","needed":1,"request":150}
    olga asks for advance of spring, for 7 d
approve spring as bea request 149
    refused, invalid_transition: request 149 of spring does not wait for approval
approve spring as bea request 150
    told {"approval":"granted","request":150}
    bea approves
    approved
    phase half advanced
    phase all started, up to device 20
    queued: d4 d6 d7 d12 d15 d16 d17 d18 d20
    = spring rolling, all: acceptances 2 of 20 needed to judge by | 2 updated, 18 not contacted
approve spring as bea request 106
    told {"approval":"granted","request":106}
    bea approves
    approved
    spring goes back
    canceled: 18 devices
    queued to go back to 0.9.0: d1
    = spring rolling_back, all: rolled back by olga: critical bug; 2 devices still to go back | 2 updated, 18 removed
