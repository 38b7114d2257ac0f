# A device in maintenance is passed over and gets its turn when it comes back.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 2.0.0
    release 2.0.0 of sensor_v2 published
maintain d2
    maintenance: d2
campaign spring phases full 100% 1h 95%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d3 d4 d5
    deferred, maintenance: d2
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 5 not contacted
d1 d3 d4 d5 succeed
    accepted: d1 d3 d4 d5
    succeeded: d1 d3 d4 d5
    = spring rolling, full: acceptances 4 of 5 needed to judge by | 4 updated, 1 not contacted
wait 3d
    -- day 1, 00:00
    alert spring-stalled: nothing for 1 d, 1 waited for
activate d2
    active: d2
    queued: d2
    alert spring-stalled is over
d2 succeeds
    accepted: d2
    succeeded: d2
    phase full passed
    spring completed
    = spring completed, full | 5 updated
