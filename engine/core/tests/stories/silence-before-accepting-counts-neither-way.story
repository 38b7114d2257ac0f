# A device that was never reached is removed at the contact deadline and counts neither way; the phase goes on.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 40% 12h 100%, full 100% 24h 95%; contact 24h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase canary started, up to device 4
    queued: d1 d8 d9 d10
    = spring rolling, canary: acceptances 0 of 4 needed to judge by | 10 not contacted
3 of canary succeed
    accepted: d1 d8 d9
    succeeded: d1 d8 d9
    = spring rolling, canary: acceptances 3 of 4 needed to judge by | 3 updated, 7 not contacted
wait 12h
wait 12h
    -- day 1, 00:00
    removed, not contacted: d10
    phase canary passed
    phase full started, up to device 10
    queued: d2 d3 d4 d5 d6 d7
    = spring rolling, full: acceptances 3 of 9 needed to judge by | 3 updated, 6 not contacted, 1 removed
status spring
    spring rolling, full: acceptances 3 of 9 needed to judge by | 3 updated, 6 not contacted, 1 removed
    version 2, 10 devices, 3 exposed
    canary 40 %: passed | 3 updated, 1 removed
    full 100 %: running | 6 not contacted
    evidence 0.25 of 20: 0 failed, 3 succeeded; the failure rate is 0.0 to 76.8 %
