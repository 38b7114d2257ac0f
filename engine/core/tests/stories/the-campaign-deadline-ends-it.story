# At the campaign's deadline what is open is timed out and what was not reached is removed; it has failed if the last
# phase was not through.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 50% 12h 100%, full 100% 12h 95%; deadline 2d, contact 3d, execution 3d
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase canary started, up to device 5
    queued: d1 d5 d8 d9 d10
    = spring rolling, canary: acceptances 0 of 5 needed to judge by | 10 not contacted
d1 d2 d3 report
2 of canary succeed
    accepted: d1 d9
    succeeded: d1 d9
    = spring rolling, canary: acceptances 2 of 5 needed to judge by | 2 updated, 8 not contacted
1 of canary accept
    accepted: d8
    = spring rolling, canary: acceptances 3 of 5 needed to judge by | 2 updated, 1 in progress, 7 not contacted
wait 2d
    -- day 1, 00:00
    alert spring-timeouts: 1 without an outcome for 1 d
    alert spring-stalled: nothing for 1 d, 3 waited for
    -- day 2, 00:00
    timed out, no attempt left: d8
    removed, not contacted: d5 d10
    alert spring-stalled is over
    spring failed
    alert spring-timeouts is over
    = spring failed, canary: phase canary was not through after 2 d | 2 updated, 1 failed, 5 not contacted, 2 removed
status spring
    spring failed, canary: phase canary was not through after 2 d | 2 updated, 1 failed, 5 not contacted, 2 removed
    version 2, 10 devices, 3 exposed
    canary 50 %: soaking | 2 updated, 1 failed, 2 removed
    full 100 %: pending | 5 not contacted
    evidence 4.42 of 20: 1 failed, 2 succeeded; the failure rate is 0.4 to 93.3 %
    errors: 1 lost_contact
