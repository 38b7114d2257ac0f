# Failure gates apply to a phase that is only watched, too. Resuming starts it where it was.
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
2 of canary fail verification
    accepted: d1
    failed verification, retry in 1 h: d1
    spring paused
    alert spring-paused: paused by itself, 1 exposed
    accepted: d9
    failed verification, retry in 1 h: d9
    = spring paused, canary: 1 of 1 first attempts failed: more than the normal 2 % with confidence 95 % | 2 failed, 8 not contacted
wait 6h
resume spring
    spring resumed
    alert spring-paused is over
    queued, attempt 2: d1 d9
    = spring rolling, canary: soaking for 6 h more | 2 failed, 8 not contacted
wait 6h
    -- day 0, 12:00
    phase canary passed
    phase full started, up to device 10
    queued: d2 d3 d4 d6 d7
    = spring rolling, full: acceptances 2 of 10 needed to judge by | 2 failed, 8 not contacted
