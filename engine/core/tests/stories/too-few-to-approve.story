# A policy that nobody could meet is said to be one, and does not keep anybody from stopping.
fleet 10 sensor_v1
    d1 to d10
release 1.0.0
    release 1.0.0 of sensor_v1 published
campaign spring phases canary 10% 24h, all 100% 24h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase canary started, up to device 1
    queued: d1
    = spring rolling, canary: acceptances 0 of 1 needed to judge by | 10 not contacted
approvals {"start": 1, "resume": 1, "rollback": 11}
    refused, malformed: rollback: 11 approvals: 0 to 10 are possible
approvals {"start": 1, "resume": 1, "rollback": 1}
    approval policy set
pause spring
    spring paused
    = spring paused, canary: paused by ann | 10 not contacted
resume spring
    refused, too_few_approvers: resume has to be approved by 1 besides ann and the authors of spring, and 0 may: make somebody an approver, or ask for fewer in the engine's configuration
operator bea approver
    bea added as approver
resume spring
    told {"approval":"pending","needed":1,"request":40}
    ann asks for resume of spring, for 7 d
decline spring
    ann declines
resume spring
    told {"approval":"pending","needed":1,"request":44}
    ann asks for resume of spring, for 7 d
approve spring as bea
    told {"approval":"granted","request":44}
    bea approves
    approved
    spring resumed
    = spring rolling, canary: acceptances 0 of 1 needed to judge by | 10 not contacted
roll back spring because critical_bug
    told {"approval":"pending","needed":1,"request":50}
    ann asks for rollback of spring, for 7 d
status spring
    spring rolling, canary: acceptances 0 of 1 needed to judge by | 10 not contacted
    version 4, 10 devices, 0 exposed
    canary 10 %: running | 1 not contacted
    all 100 %: pending | 9 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    request 50: roll back all at once (critical bug), asked for by ann: 0 of 1 approvals
cancel spring
    spring canceled
    canceled: d1
    = spring canceled, canary: canceled by ann | 9 not contacted, 1 removed
