# An operator of tenants commands what is its tenants' alone; an operator of all of them commands everything.
operator olga operator of acme
    olga added as operator of acme
operator max approver of acme,beta
    max added as approver of acme,beta
operator paul operator
    paul added as operator
fleet 3 sensor_v1 running 0.9.0 tenant=acme
    d1 to d3
fleet 3 sensor_v1 running 0.9.0 tenant=beta
    d4 to d6
release 1.0.0
    release 1.0.0 of sensor_v1 published
# Campaigns: each group has to name tenants, and none but its own.
send as olga {"command": "campaign.create", "campaign": {"id": "all", "release": {"model": "sensor_v1", "version": "1.0.0"}}}
    refused, not_authorized: each group of all has to name its tenants, of acme alone
send as olga {"command": "campaign.create", "campaign": {"id": "more", "release": {"model": "sensor_v1", "version": "1.0.0"}, "groups": [{"name": "a", "criteria": {"tenant": "acme"}}, {"name": "b", "criteria": {"devices": ["d1"]}}]}}
    refused, not_authorized: each group of more has to name its tenants, of acme alone
send as olga {"command": "campaign.create", "campaign": {"id": "both", "release": {"model": "sensor_v1", "version": "1.0.0"}, "groups": [{"name": "a", "criteria": {"tenant": ["acme", "beta"]}}]}}
    refused, not_authorized: each group of both has to name its tenants, of acme alone
send as olga {"command": "campaign.create", "campaign": {"id": "not", "release": {"model": "sensor_v1", "version": "1.0.0"}, "groups": [{"name": "a", "criteria": {"not": {"tenant": "beta"}}}]}}
    refused, not_authorized: each group of not has to name its tenants, of acme alone
send as max {"command": "campaign.create", "campaign": {"id": "both", "release": {"model": "sensor_v1", "version": "1.0.0"}, "groups": [{"name": "a", "criteria": {"tenant": "acme"}}, {"name": "b", "criteria": {"tenant": "beta"}}]}}
    campaign both created
    = both draft: not started
send as olga {"command": "campaign.create", "campaign": {"id": "own", "release": {"model": "sensor_v1", "version": "1.0.0"}, "phases": [{"name": "full", "percentage": 100, "duration_hours": 1}], "groups": [{"name": "a", "criteria": {"tenant": "acme", "devices": ["d1", "d2", "d4"]}}]}}
    campaign own created
    = own draft: not started
send as olga {"command": "campaign.edit", "campaign": {"id": "own", "release": {"model": "sensor_v1", "version": "1.0.0"}}}
    refused, not_authorized: each group of own has to name its tenants, of acme alone
send as olga {"command": "campaign.edit", "campaign": {"id": "both", "release": {"model": "sensor_v1", "version": "1.0.0"}, "groups": [{"name": "a", "criteria": {"tenant": "acme"}}]}}
    refused, not_authorized: both is not for acme alone
start both as olga
    refused, not_authorized: both is not for acme alone
start own as olga
    own staged
    own started with 2 devices
    phase full started, up to device 2
    own: queued: d1 d2
    = own rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
pause own as max
    own paused
    = own paused, full: paused by max | 2 not contacted
resume own as paul
    own resumed
    = own rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
expedite both as olga device d1
    refused, not_authorized: both is not for acme alone
exclude both as olga device d1
    refused, not_authorized: both is not for acme alone
retry both as olga
    refused, not_authorized: both is not for acme alone
advance both as olga
    refused, not_authorized: both is not for acme alone
roll back both as olga because critical_bug
    refused, not_authorized: both is not for acme alone
promote both as olga arm a
    refused, not_authorized: both is not for acme alone
archive both as olga
    refused, not_authorized: both is not for acme alone
send as olga {"command": "campaign.rehearse", "campaign": "both"}
    refused, not_authorized: both is not for acme alone
send as olga {"command": "campaign.rehearse", "campaign": "own"}
    told {"topic":"fleet/v1/campaigns/own/rehearsal"}
cancel both as olga
    refused, not_authorized: both is not for acme alone
cancel nothing as olga
    refused, unknown_campaign: no campaign nothing
cancel own as olga
    own canceled
    own: canceled: d1 d2
    = own canceled, full: canceled by olga | 2 removed
# Devices.
send as olga {"command": "device.lifecycle", "device": "d1", "lifecycle": "maintenance"}
    maintenance: d1
send as olga {"command": "device.lifecycle", "device": "d4", "lifecycle": "maintenance"}
    refused, not_authorized: d4 does not belong to acme
send as olga {"command": "device.lifecycle", "device": "nothing", "lifecycle": "maintenance"}
    refused, unknown_device: nothing is not registered
send as olga {"command": "device.register", "device": "n1", "model": "sensor_v1", "tenant": "beta", "credential": {"token_sha256": "350093ce7bf3d6ab34c149edd8f89e18c87f1361cd7ab346c943cc1671e18a1c"}}
    refused, not_authorized: tenant: n1 has to belong to one of acme
send as olga {"command": "device.register", "device": "n1", "model": "sensor_v1", "credential": {"token_sha256": "350093ce7bf3d6ab34c149edd8f89e18c87f1361cd7ab346c943cc1671e18a1c"}}
    registered: n1
send as max {"command": "device.register", "device": "n2", "model": "sensor_v1", "credential": {"token_sha256": "350093ce7bf3d6ab34c149edd8f89e18c87f1361cd7ab346c943cc1671e18a1c"}}
    refused, not_authorized: tenant: n2 has to belong to one of acme,beta
send as max {"command": "device.register", "device": "n2", "model": "sensor_v1", "tenant": "beta", "credential": {"token_sha256": "350093ce7bf3d6ab34c149edd8f89e18c87f1361cd7ab346c943cc1671e18a1c"}}
    registered: n2
send as olga {"command": "device.lifecycle", "device": "n1", "lifecycle": "retired"}
    retired: n1
send as olga {"command": "device.lifecycle", "device": "n2", "lifecycle": "retired"}
    refused, not_authorized: n2 does not belong to acme
send as max {"command": "device.assign", "device": "n2", "tenant": "acme"}
    refused, not_authorized: devices are given to another tenant by operators of all tenants
send as paul {"command": "device.assign", "device": "n2", "tenant": "acme"}
    given to acme: n2
send as paul {"command": "device.assign", "device": "n2", "tenant": "acme"}
    refused, invalid_transition: n2 has been retired, or belongs to acme already
send as olga {"command": "device.lifecycle", "device": "n2", "lifecycle": "retired"}
    retired: n2
# Releases are everybody's.
send as olga {"command": "release.publish", "vendor": "acme.example", "model": "sensor_v1", "version": "1.1.0", "image": "350093ce7bf3d6ab34c149edd8f89e18c87f1361cd7ab346c943cc1671e18a1c", "manifest": "AA=="}
    refused, not_authorized: releases are everybody's: they are published by operators of all tenants
# With other tenants come other rights.
send {"command": "operator.change", "operator": "olga", "tenants": "*"}
    olga is operator now
cancel both as olga
    both canceled
    = both canceled: canceled by olga
