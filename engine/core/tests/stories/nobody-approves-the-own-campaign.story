# Whoever has described a campaign, at any time, approves nothing of it; nor does who asks for it.
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
approvals {"start": 1, "advance": 1}
    approval policy set
send as bea {"command": "campaign.create", "campaign": {"id": "spring", "release": {"model": "sensor_v1", "version": "1.0.0"}}}
    campaign spring created
    = spring draft: not started
send as cleo {"command": "campaign.edit", "campaign": {"id": "spring", "release": {"model": "sensor_v1", "version": "1.0.0"}}}
    spring edited
start spring as olga
    told {"approval":"pending","needed":1,"request":37}
    olga asks for start of spring, for 7 d
    = spring draft: start waits for approval: 0 of 1
status spring
    spring draft: start waits for approval: 0 of 1
    version 2, 0 devices, 0 exposed
    canary 1 %: pending | no devices
    early 10 %: pending | no devices
    broad 30 %: pending | no devices
    full 100 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    by bea, cleo
    request 37: start, asked for by olga: 0 of 1 approvals
approve spring as bea
    refused, not_authorized: who has described a campaign does not approve what is asked for it: another person is needed
approve spring as cleo
    refused, not_authorized: who has described a campaign does not approve what is asked for it: another person is needed
approve spring as dora
    told {"approval":"granted","request":37}
    dora approves
    approved
    spring staged
    spring started with 10 devices
    phase canary started, up to device 1
    queued: d1
    = spring rolling, canary: acceptances 0 of 1 needed to judge by | 10 not contacted
# The same with what is asked for later; an admin is nobody special.
advance spring
    told {"approval":"pending","needed":1,"request":48}
    ann asks for advance of spring, for 7 d
approve spring as bea
    refused, not_authorized: who has described a campaign does not approve what is asked for it: another person is needed
approve spring as ann
    refused, not_authorized: who asks for something does not approve it: another person is needed
decline spring as olga
    refused, not_authorized: only ann and those who may approve may decline it
decline spring as dora because wait for Monday
    dora declines
advance spring as dora
    told {"approval":"pending","needed":1,"request":55}
    dora asks for advance of spring, for 7 d
decline spring as dora
    dora declines
