# What one arm was given starts for everybody by a campaign of its own: that is a start.
operator olga operator
    olga added as operator
operator bea approver
    bea added as approver
fleet 40 sensor_v1 running 0.9.0
    d1 to d40
release 0.9.0
    release 0.9.0 of sensor_v1 published
release 1.0.0
    release 1.0.0 of sensor_v1 published
    delta from 0.9.0 to 1.0.0 is to be built
release 1.1.0
    release 1.1.0 of sensor_v1 published
    delta from 1.0.0 to 1.1.0 is to be built
    delta from 0.9.0 to 1.1.0 is to be built
campaign spring of 1.0.0 with {"rollout_strategy": "ab", "ab_testing": {"other": {"model": "sensor_v1", "version": "1.1.0"}}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    = spring staged: deltas are being built
cancel spring
    spring canceled
    = spring canceled: canceled by ann
approvals {"start": 1}
    approval policy set
promote spring arm b as olga
    told {"approval":"pending","needed":1,"request":184}
    olga asks for promote of spring, for 7 d
status spring
    spring canceled: canceled by ann
    version 3, 0 devices, 0 exposed
    test 100 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    request 184: promote arm B, asked for by olga: 0 of 1 approvals
    too few figures as yet: 0 and 0 of 50 in each arm
    arm a 1.0.0: 0 devices, 0 of 0 succeeded
    arm b 1.1.0: 0 devices, 0 of 0 succeeded
approve spring as bea
    told {"approval":"granted","request":184}
    bea approves
    approved
    campaign spring-winner created
    spring-winner staged
    = spring-winner staged: deltas are being built
status spring-winner
    spring-winner staged: deltas are being built
    version 2, 0 devices, 0 exposed
    canary 1 %: pending | no devices
    early 10 %: pending | no devices
    broad 30 %: pending | no devices
    full 100 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
    by ann, olga
