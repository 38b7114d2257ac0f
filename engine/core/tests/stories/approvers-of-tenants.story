# Only whoever is there for all that a campaign is about approves it, and an approval goes with the right to give it.
operator olga operator of acme
    olga added as operator of acme
operator bea approver of beta
    bea added as approver of beta
operator max approver of acme,beta
    max added as approver of acme,beta
operator ruth approver
    ruth added as approver
fleet 3 sensor_v1 running 0.9.0 tenant=acme
    d1 to d3
release 1.0.0
    release 1.0.0 of sensor_v1 published
approvals {"start": 2}
    approval policy set
send as olga {"command": "campaign.create", "campaign": {"id": "spring", "release": {"model": "sensor_v1", "version": "1.0.0"}, "phases": [{"name": "full", "percentage": 100, "duration_hours": 1}], "groups": [{"name": "a", "criteria": {"tenant": "acme"}}]}}
    campaign spring created
    = spring draft: not started
start spring as olga
    told {"approval":"pending","needed":2,"request":30}
    olga asks for start of spring, for 7 d
    = spring draft: start waits for approval: 0 of 2
approve spring as bea
    refused, not_authorized: spring is not for beta alone
decline spring as bea
    refused, not_authorized: spring is not for beta alone
approve spring as max
    told {"approval":"pending","needed":1,"request":30}
    max approves
    = spring draft: start waits for approval: 1 of 2
send {"command": "operator.change", "operator": "max", "tenants": ["beta"]}
    max is approver of beta now
    the approval by max is lost
    = spring draft: start waits for approval: 0 of 2
start spring as ruth
    refused, invalid_transition: olga has asked for start of spring already: it waits for approval
approve spring as ann
    told {"approval":"pending","needed":1,"request":30}
    ann approves
    = spring draft: start waits for approval: 1 of 2
send {"command": "operator.change", "operator": "olga", "tenants": ["beta"]}
    olga is operator of beta now
    request 30 of spring is void, asker
    = spring draft: not started
start spring as ruth
    refused, too_few_approvers: start has to be approved by 2 besides ruth and the authors of spring, and 1 may: make somebody an approver, or ask for fewer in the engine's configuration
