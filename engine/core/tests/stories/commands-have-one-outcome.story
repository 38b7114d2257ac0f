# A repeated command is answered, not carried out again; all refusals are on record.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
operator vera viewer
    vera added as viewer
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 95%
    campaign spring created
    = spring draft: not started
start spring as vera
    refused, not_authorized: campaign.start is not for this operator's role
start spring id first
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    queued: d1 d2 d3
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
start spring id first
    answered before: accepted
start spring id second
    refused, invalid_transition: spring is rolling and cannot be started
start spring id second
    answered before: refused, invalid_transition: spring is rolling and cannot be started
pause spring version 1
    refused, version_conflict: spring is at version 2, not 1
pause spring version 2 because careful
    spring paused
    = spring paused, full: paused by ann: careful | 3 not contacted
pause summer
    refused, unknown_campaign: no campaign summer
send {"command": "campaign.explode", "id": "third"}
    refused, unknown_command: no command "campaign.explode"; there are operator.add, operator.change, operator.password, operator.revoke, operator.list, key.trust, device.register, device.lifecycle, device.assign, device.explain, device.update, fleet.compliance, release.publish, campaign.create, campaign.start, campaign.pause, campaign.resume, campaign.cancel, campaign.edit, campaign.advance, campaign.archive, campaign.rollback, campaign.retry, campaign.exclude, campaign.expedite, campaign.rehearse, campaign.promote, campaign.approve, campaign.decline, ticket.close, device.unflag
send {"command": "campaign.explode", "id": "third"}
    answered before: refused, unknown_command: no command "campaign.explode"; there are operator.add, operator.change, operator.password, operator.revoke, operator.list, key.trust, device.register, device.lifecycle, device.assign, device.explain, device.update, fleet.compliance, release.publish, campaign.create, campaign.start, campaign.pause, campaign.resume, campaign.cancel, campaign.edit, campaign.advance, campaign.archive, campaign.rollback, campaign.retry, campaign.exclude, campaign.expedite, campaign.rehearse, campaign.promote, campaign.approve, c
send {"command": "campaign.pause", "campaign": "spring", "because": "typo"}
    refused, malformed: because: unknown key 'because'; allowed are campaign, reason
send no JSON
    refused, malformed: not JSON: expected ident at line 1 column 2
send as stranger {"command": "campaign.resume", "campaign": "spring"}
    refused, not_authorized: campaign.resume is not for this operator's role
send {"command": "device.register", "device": "d1", "model": "sensor_v2", "credential": {"token_sha256": "0101010101010101010101010101010101010101010101010101010101010101"}}
    refused, device_exists: d1 is registered already
send as vera {"command": "device.lifecycle", "device": "d1", "lifecycle": "retired"}
    refused, not_authorized: device.lifecycle is not for this operator's role
send {"command": "device.lifecycle", "device": "d1", "lifecycle": "provisioned"}
    refused, invalid_transition: d1 is active, which cannot become provisioned
