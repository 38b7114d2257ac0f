# A canary that must succeed entirely pauses in the step that loses a device. What is queued is hidden while it is
# paused, what is accepted may finish; resuming accepts the loss and goes on.
fleet 40 sensor_v2 running 1.0.0
    d1 to d40
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 10% 24h 100%, full 100% 72h 70%; max_retries 0, expected_failure 50%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 40 devices
    phase canary started, up to device 4
    queued: d1 d29 d35 d39
    = spring rolling, canary: acceptances 0 of 4 needed to judge by | 40 not contacted
d1 d29 accept
    accepted: d1 d29
    = spring rolling, canary: acceptances 2 of 4 needed to judge by | 2 in progress, 38 not contacted
d1 fails self_test restored
    failed self_test and went back, no attempt left: d1
    spring paused
    alert spring-paused: paused by itself, 2 exposed
    = spring paused, canary: lost 1 of 4 devices up to phase canary; 100 % success can no longer be reached | 1 failed (1 rolled back), 1 in progress, 38 not contacted
show d29
    active, runs 1.0.0, spring attempt 1 InProgress downloading
    job topic: install 2.0.0 from whole image, good for 1 d 4 h
show d35
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: empty
d29 succeeds
    succeeded: d29
    = spring paused, canary: lost 1 of 4 devices up to phase canary; 100 % success can no longer be reached | 1 updated, 1 failed (1 rolled back), 38 not contacted
resume spring
    spring resumed
    = spring rolling, canary: acceptances 2 of 4 needed to judge by | 1 updated, 1 failed (1 rolled back), 38 not contacted
show d35
    active, runs 1.0.0, spring attempt 1 Queued
    job topic: install 2.0.0 from whole image, good for 1 d 4 h
canary succeed
    accepted: d35 d39
    succeeded: d35 d39
    = spring rolling, canary: soaking for 1 d more | 3 updated, 1 failed (1 rolled back), 36 not contacted
wait 24h
    -- day 0, 00:05
    alert spring-paused is over
    -- day 1, 00:00
    phase canary passed
    phase full started, up to device 40
    queued: 36 devices
    = spring rolling, full: acceptances 4 of 20 needed to judge by | 3 updated, 1 failed (1 rolled back), 36 not contacted
