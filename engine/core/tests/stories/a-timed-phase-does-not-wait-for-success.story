# A phase that is only watched passes when its time is over, whoever has answered by then.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 50% 6h timed, full 100% 24h 95%; contact 48h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase canary started, up to device 5
    queued: d1 d5 d8 d9 d10
    = spring rolling, canary: soaking for 6 h more | 10 not contacted
1 of canary succeed
    accepted: d1
    succeeded: d1
    = spring rolling, canary: soaking for 6 h more | 1 updated, 9 not contacted
wait 6h
    -- day 0, 06:00
    phase canary passed
    phase full started, up to device 10
    queued: d2 d3 d4 d6 d7
    = spring rolling, full: acceptances 1 of 10 needed to judge by | 1 updated, 9 not contacted
