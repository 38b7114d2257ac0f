# A site wants two other people for a start. The second approval starts it, by the same way as without.
operator olga operator
    olga added as operator
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
start spring id asked because it is due
    told {"approval":"pending","needed":2,"request":34}
    ann asks for start of spring, for 7 d
    = spring draft: start waits for approval: 0 of 2
status spring
    spring draft: start waits for approval: 0 of 2
    version 1, 0 devices, 0 exposed
    all 100 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    request 34: start, asked for by ann: 0 of 2 approvals because it is due
# Who has missed the reply asks again, under the same id.
start spring id asked because it is due
    answered before: {"approval":"pending","needed":2,"request":34}
# Nobody starts it again meanwhile, and who asks does not approve.
start spring
    refused, invalid_transition: ann has asked for start of spring already: it waits for approval
approve spring
    refused, not_authorized: who asks for something does not approve it: another person is needed
approve spring as olga
    refused, not_authorized: campaign.approve is not for this operator's role
approve spring as bea because the canaries look good
    told {"approval":"pending","needed":1,"request":34}
    bea approves
    = spring draft: start waits for approval: 1 of 2
status spring
    spring draft: start waits for approval: 1 of 2
    version 1, 0 devices, 0 exposed
    all 100 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    request 34: start, asked for by ann: 1 of 2 approvals because it is due
approve spring as bea
    refused, invalid_transition: spring has this operator's approval already
approve spring as cleo version 1 id yes
    told {"approval":"granted","request":34}
    cleo approves
    approved
    spring staged
    spring started with 10 devices
    phase all started, up to device 10
    queued: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    = spring rolling, all: acceptances 0 of 10 needed to judge by | 10 not contacted
status spring
    spring rolling, all: acceptances 0 of 10 needed to judge by | 10 not contacted
    version 2, 10 devices, 0 exposed
    all 100 %: running | 10 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
approve spring as cleo id yes
    answered before: accepted
approve spring as cleo
    refused, invalid_transition: nothing waits for approval in spring
# What ends work needs nobody else.
pause spring as olga
    spring paused
    = spring paused, all: paused by olga | 10 not contacted
resume spring as olga
    spring resumed
    = spring rolling, all: acceptances 0 of 10 needed to judge by | 10 not contacted
cancel spring as olga
    spring canceled
    canceled: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    = spring canceled, all: canceled by olga | 10 removed
