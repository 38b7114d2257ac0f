# A quarter of the canary is offline. Twenty have accepted, which is enough to judge by, so it passes on time.
fleet 280 sensor_v2 running 1.0.0
    d1 to d280
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 10% 24h 95%, full 100% 24h 95%; sample_min 20, contact 48h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 280 devices
    phase canary started, up to device 28
    queued: 28 devices
    = spring rolling, canary: acceptances 0 of 20 needed to judge by | 280 not contacted
21 of canary succeed
    accepted: 21 devices
    succeeded: 21 devices
    = spring rolling, canary: soaking for 1 d more | 21 updated, 259 not contacted
wait 24h
    -- day 1, 00:00
    phase canary passed
    phase full started, up to device 280
    queued: 252 devices
    = spring rolling, full: 259 devices without an outcome | 21 updated, 259 not contacted
