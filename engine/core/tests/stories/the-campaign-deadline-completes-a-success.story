# What was not reached by the deadline does not turn a success of all others into a failure.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 12h 95%; deadline 2d, contact 3d
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 10 devices
    phase full started, up to device 10
    queued: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    = spring rolling, full: acceptances 0 of 10 needed to judge by | 10 not contacted
9 of full succeed
    accepted: d1 d2 d3 d4 d5 d7 d8 d9 d10
    succeeded: d1 d2 d3 d4 d5 d7 d8 d9 d10
    = spring rolling, full: acceptances 9 of 10 needed to judge by | 9 updated, 1 not contacted
wait 2d
    -- day 1, 00:00
    alert spring-stalled: nothing for 1 d, 1 waited for
    -- day 2, 00:00
    removed, not contacted: d6
    alert spring-stalled is over
    phase full passed
    spring completed
    = spring completed, full | 9 updated, 1 removed
