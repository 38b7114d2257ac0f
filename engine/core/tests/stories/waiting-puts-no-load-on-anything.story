# Devices that wait leave room in flight; in the exposure they stay, for they may go on all at once.
fleet 6 sensor_v2 running 1.0.0
    d1 to d6
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%; sample_min 1 with {"rates": {"in_flight_max": 2, "exposure_max": 3}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 6 devices
    phase full started, up to device 6
    queued: d1 d5
    = spring rolling, full: 2 devices under way, at most 2 are allowed | 6 not contacted
full wait for other
    accepted: d1 d5
    waits for other: d1 d5
    queued: d2
    = spring rolling, full: 3 devices under way or out of sight, at most 3 are allowed | 2 in progress, 4 not contacted
full wait for window for 1h
    waits for window, 1 h: d1 d2 d5
    accepted: d2
    = spring rolling, full: 3 devices under way or out of sight, at most 3 are allowed | 3 in progress, 3 not contacted
wait 2h
d1 d2 d3 d4 d5 d6 are installing
    goes on: d1 d2 d5
    = spring rolling, full: 3 devices under way, at most 2 are allowed | 3 in progress, 3 not contacted
full succeed
    succeeded: d1 d2 d5
    queued: d3 d4
    = spring rolling, full: 2 devices under way, at most 2 are allowed | 3 updated, 3 not contacted
wait 5h
