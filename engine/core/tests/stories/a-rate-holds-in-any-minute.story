# In no sixty seconds are there more executions than the rate says, wherever they begin.
fleet 20 sensor_v2 running 1.0.0
    d1 to d20
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90%; max_retries 0 with {"rates": {"executions_per_minute": 4, "in_flight_max": 2}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 20 devices
    phase full started, up to device 20
    queued: d1 d9
    = spring rolling, full: 2 devices under way, at most 2 are allowed | 20 not contacted
wait 50s
full succeed
    accepted: d1 d9
    succeeded: d1 d9
    queued: d8 d14
    = spring rolling, full: 2 devices under way, at most 2 are allowed | 2 updated, 18 not contacted
wait 9s
full succeed
    accepted: d8 d14
    succeeded: d8 d14
    = spring rolling, full: 4 have started in the last minute, as many as the rate allows | 4 updated, 16 not contacted
wait 1s
    -- day 0, 00:01
    queued: d10 d11
    = spring rolling, full: 2 devices under way, at most 2 are allowed | 4 updated, 16 not contacted
full succeed
    accepted: d10 d11
    succeeded: d10 d11
    = spring rolling, full: 4 have started in the last minute, as many as the rate allows | 6 updated, 14 not contacted
wait 49s
wait 1s
    -- day 0, 00:01
    queued: d5 d19
    = spring rolling, full: 2 devices under way, at most 2 are allowed | 6 updated, 14 not contacted
