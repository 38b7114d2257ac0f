# A device had taken its job when the campaign was canceled, and the word of it was still on the way: it gets the cancel
# job after all.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 95%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    queued: d1 d2 d3
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
d1 d2 take
cancel spring
    spring canceled
    canceled: d1 d2 d3
    = spring canceled, full: canceled by ann | 3 removed
show d1
    active, runs 1.0.0, spring attempt 1 Canceled
    job topic: empty
d1 is downloading
    accepted: d1
    = spring canceled, full: canceled by ann | 1 in progress, 2 removed
show d1
    active, runs 1.0.0, spring attempt 1 InProgress downloading
    job topic: cancel, good for 1 d 4 h
d1 cancels
    canceled: d1
    = spring canceled, full: canceled by ann | 3 removed
d2 succeeds
    accepted: d2
    succeeded: d2
    = spring canceled, full: canceled by ann | 1 updated, 2 removed
