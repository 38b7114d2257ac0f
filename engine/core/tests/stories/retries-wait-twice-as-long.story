# Each retry waits twice as long as the one before. The device counts as failed until an attempt succeeds.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h 90%; max_retries 3, backoff 2h, expected_failure 50%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase full started, up to device 10
    queued: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    = spring rolling, full: acceptances 0 of 10 needed to judge by | 10 not contacted
d1 fails installation
    accepted: d1
    failed installation, retry in 2 h: d1
    = spring rolling, full: acceptances 1 of 10 needed to judge by | 1 failed, 9 not contacted
wait 1h
wait 1h
    -- day 0, 02:00
    queued, attempt 2: d1
show d1
    active, runs 1.0.0, spring attempt 2 Queued
    job topic: install 2.0.0 from whole image, good for 1 d 4 h
d1 fails installation
    accepted: d1
    failed installation, retry in 4 h: d1
wait 4h
    -- day 0, 06:00
    queued, attempt 3: d1
d1 fails verification
    accepted: d1
    failed verification, retry in 8 h: d1
wait 8h
    -- day 0, 14:00
    queued, attempt 4: d1
d1 accepts
    accepted: d1
d1 succeeds
    succeeded: d1
    = spring rolling, full: acceptances 1 of 10 needed to judge by | 1 updated, 9 not contacted
status spring
    spring rolling, full: acceptances 1 of 10 needed to judge by | 1 updated, 9 not contacted
    version 2, 10 devices, 1 exposed
    full 100 %: running | 1 updated, 9 not contacted
    evidence 1.50 of 20: 1 failed, 0 succeeded; the failure rate is 2.5 to 100.0 %
    errors: 2 installation, 1 verification
