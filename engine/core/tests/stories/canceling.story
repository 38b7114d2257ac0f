# Canceling withdraws what no device has accepted and sends the others a cancel job. They may still finish.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 95%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d2 d3 d4 d5
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 5 not contacted
d1 succeeds
    accepted: d1
    succeeded: d1
    = spring rolling, full: acceptances 1 of 5 needed to judge by | 1 updated, 4 not contacted
d2 d3 d4 accept
    accepted: d2 d3 d4
    = spring rolling, full: acceptances 4 of 5 needed to judge by | 1 updated, 3 in progress, 1 not contacted
cancel spring because wrong image
    spring canceled
    canceled: d5
    = spring canceled, full: canceled by ann: wrong image | 1 updated, 3 in progress, 1 removed
show d1
    active, runs 2.0.0, spring attempt 1 Succeeded
    job topic: empty
show d2
    active, runs 1.0.0, spring attempt 1 InProgress downloading
    job topic: cancel, good for 1 d 4 h
show d5
    active, runs 1.0.0, spring attempt 1 Canceled
    job topic: empty
d2 cancels
    canceled: d2
    = spring canceled, full: canceled by ann: wrong image | 1 updated, 2 in progress, 2 removed
d3 succeeds
    succeeded: d3
    = spring canceled, full: canceled by ann: wrong image | 2 updated, 1 in progress, 2 removed
d4 fails verification
    failed verification, no attempt left: d4
    = spring canceled, full: canceled by ann: wrong image | 2 updated, 1 failed, 2 removed
show d4
    active, runs 1.0.0, spring attempt 1 Failed
    job topic: empty
resume spring
    refused, invalid_transition: spring is canceled and cannot be resumed
cancel spring
    refused, invalid_transition: spring is canceled and cannot be canceled
