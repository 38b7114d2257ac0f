# The way back widens as the way there does: a share goes when all before it have an outcome.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0 back to 1.0.0
    release 2.0.0 of sensor_v2 published
    way back from 2.0.0 to 1.0.0
    delta from 1.0.0 to 2.0.0 is to be built
delta 2.0.0 from 1.0.0 failed
    delta from 1.0.0 to 2.0.0 is not to be had
campaign spring phases full 100% 24h 80%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase full started, up to device 10
    queued: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    = spring rolling, full: acceptances 0 of 10 needed to judge by | 10 not contacted
all succeed
    accepted: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    succeeded: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    spring monitoring
    = spring monitoring, full: soaking for 1 d more | 10 updated
wait 24h
    -- day 1, 00:00
    phase full passed
    spring completed
    = spring completed, full | 10 updated
send as ann {"command": "campaign.rollback", "campaign": "spring", "reason": "security", "phases": [50, 20]}
    refused, malformed: phases: at most 100 percentages, each above 0 and above the one before it
send as ann {"command": "campaign.rollback", "campaign": "spring", "reason": "boredom"}
    refused, malformed: reason: unknown value 'boredom'; allowed are high_failure_rate, critical_bug, performance_degradation, security
roll back spring phases 20,50 because security
    spring goes back
    queued to go back to 1.0.0: d1 d9
    = spring rolling_back, full: rolled back by ann: security; 10 devices still to go back | 10 updated
status spring
    spring rolling_back, full: rolled back by ann: security; 10 devices still to go back | 10 updated
    version 3, 10 devices, 10 exposed
    full 100 %: passed | 10 updated
    evidence 0.09 of 20: 0 failed, 10 succeeded; the failure rate is 0.0 to 41.7 %
    way back, 20 %: 0 back, 0 failed, 0 kept, 10 to go
all succeed
    went back: d1 d9
    50 % may go back
    queued to go back to 1.0.0: d5 d8 d10
    = spring rolling_back, full: rolled back by ann: security; 8 devices still to go back | 8 updated, 2 sent back
all succeed
    went back: d5 d8 d10
    100 % may go back
    queued to go back to 1.0.0: d2 d3 d4 d6 d7
    = spring rolling_back, full: rolled back by ann: security; 5 devices still to go back | 5 updated, 5 sent back
all succeed
    went back: d2 d3 d4 d6 d7
    spring rolled back
    = spring rolled_back, full: rolled back by ann: security | 10 sent back
status spring
    spring rolled_back, full: rolled back by ann: security | 10 sent back
    version 3, 10 devices, 10 exposed
    full 100 %: passed | 10 sent back
    evidence 0.09 of 20: 0 failed, 10 succeeded; the failure rate is 0.0 to 41.7 %
    way back, 100 %: 10 back, 0 failed, 0 kept, 0 to go
roll back spring because security
    refused, invalid_transition: spring is rolled_back and cannot be rolled back
