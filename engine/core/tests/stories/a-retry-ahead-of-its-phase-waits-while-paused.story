# Who had its turn before its phase, and failed, is tried again when the campaign goes on.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases few 25% 1h 50%, full 100% 1h 50%; max_retries 2, backoff 1h, failure_threshold 90, expected_failure 80 with {"failure_handling": {"retry_jitter": "none"}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase few started, up to device 1
    queued: d1
    = spring rolling, few: acceptances 0 of 1 needed to judge by | 4 not contacted
expedite spring device d2
    expedited: d2
    queued: d2
expedite spring device d3
    expedited: d3
    queued: d3
d2 fails download
    accepted: d2
    failed download, retry in 1 h: d2
    = spring rolling, few: acceptances 0 of 1 needed to judge by | 1 failed, 3 not contacted
d3 fails download
    accepted: d3
    failed download, retry in 1 h: d3
    = spring rolling, few: acceptances 0 of 1 needed to judge by | 2 failed, 2 not contacted
pause spring
    spring paused
    = spring paused, few: paused by ann | 2 failed, 2 not contacted
maintain d3
    maintenance: d3
wait 2h
resume spring
    spring resumed
    queued, attempt 2: d2
    deferred, maintenance: d3
    = spring rolling, few: acceptances 0 of 1 needed to judge by | 2 failed, 2 not contacted
activate d3
    active: d3
    queued, attempt 2: d3
