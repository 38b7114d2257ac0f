# The last phase ends when every execution has come to an end, not when enough have.
fleet 40 sensor_v2 running 1.0.0
    d1 to d40
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 4h 90%; contact 30h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 40 devices
    phase full started, up to device 40
    queued: 40 devices
    = spring rolling, full: acceptances 0 of 20 needed to judge by | 40 not contacted
39 of full succeed
    accepted: 39 devices
    succeeded: 39 devices
    = spring rolling, full: 1 device without an outcome | 39 updated, 1 not contacted
wait 4h
wait 25h
    -- day 1, 00:00
    alert spring-stalled: nothing for 1 d, 1 waited for
wait 1h
    -- day 1, 06:00
    removed, not contacted: d21
    alert spring-stalled is over
    phase full passed
    spring completed
    = spring completed, full | 39 updated, 1 removed
