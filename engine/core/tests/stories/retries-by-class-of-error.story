# Some errors are worth more attempts than others, and a declined job none unless it is said.
fleet 40 sensor_v2 running 1.0.0
    d1 to d40
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 10%; max_retries 1, backoff 1h, failure_threshold 90, expected_failure 80 with {"failure_handling": {"classes": {"download": {"max_retries": 3, "retry_backoff_hours": "10m"}, "self_test": {"max_retries": 0}, "rejected": {"max_retries": 1}}}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 40 devices
    phase full started, up to device 40
    queued: 40 devices
    = spring rolling, full: acceptances 0 of 20 needed to judge by | 40 not contacted
d1 fails download
    accepted: d1
    failed download, retry in 10 m: d1
    = spring rolling, full: acceptances 1 of 20 needed to judge by | 1 failed, 39 not contacted
d2 fails self_test restored
    accepted: d2
    failed self_test and went back, no attempt left: d2
    = spring rolling, full: acceptances 2 of 20 needed to judge by | 2 failed (1 rolled back), 38 not contacted
d3 rejects
    rejected (story), retry in 1 h: d3
    = spring rolling, full: acceptances 3 of 20 needed to judge by | 3 failed (1 rolled back), 37 not contacted
d4 fails installation
    accepted: d4
    failed installation, retry in 1 h: d4
    = spring rolling, full: acceptances 4 of 20 needed to judge by | 4 failed (1 rolled back), 36 not contacted
wait 10m
    -- day 0, 00:10
    queued, attempt 2: d1
d1 fails download
    accepted: d1
    failed download, retry in 20 m: d1
wait 20m
    -- day 0, 00:30
    queued, attempt 3: d1
d1 fails download
    accepted: d1
    failed download, retry in 40 m: d1
wait 40m
    -- day 0, 01:00
    queued, attempt 2: d3 d4
    -- day 0, 01:10
    queued, attempt 4: d1
d1 fails download
    accepted: d1
    failed download, no attempt left: d1
d3 rejects
    rejected (story): d3
d4 succeeds
    accepted: d4
    succeeded: d4
    = spring rolling, full: acceptances 4 of 20 needed to judge by | 1 updated, 3 failed (1 rolled back), 36 not contacted
status spring
    spring rolling, full: acceptances 4 of 20 needed to judge by | 1 updated, 3 failed (1 rolled back), 36 not contacted
    version 2, 40 devices, 3 exposed
    full 100 %: running | 1 updated, 3 failed (1 rolled back), 36 not contacted
    evidence 1.44 of 20: 3 failed, 0 succeeded; the failure rate is 23.2 to 100.0 %
    errors: 4 download, 1 installation, 2 rejected, 1 self_test
