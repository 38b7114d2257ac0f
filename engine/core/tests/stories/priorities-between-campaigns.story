# A device that several campaigns wait for goes to the one with the lower number, then to the older one.
fleet 1 sensor_v2 running 1.0.0
    d1 to d1
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign first phases full 100% 1h 50%
    campaign first created
    = first draft: not started
release 2.0.1
    release 2.0.1 of sensor_v2 published
    delta from 2.0.0 to 2.0.1 is to be built
campaign second phases full 100% 1h 50%
    campaign second created
    = second draft: not started
release 2.0.2
    release 2.0.2 of sensor_v2 published
    delta from 2.0.1 to 2.0.2 is to be built
    delta from 2.0.0 to 2.0.2 is to be built
campaign third phases full 100% 1h 50% with {"priority": 10}
    campaign third created
    = third draft: not started
start first
    first staged
    first started with 1 device
    phase full started, up to device 1
    first: queued: d1
    = first rolling, full: acceptances 0 of 1 needed to judge by | 1 not contacted
start second
    second staged
    = second staged: deltas are being built
start third
    third staged
    = third staged: deltas are being built
wait 10m
    -- day 0, 00:10
    third started with 1 device
    phase full started, up to device 1
    third: deferred, busy: d1
    second started with 1 device
    phase full started, up to device 1
    second: deferred, busy: d1
    = second rolling, full: acceptances 0 of 1 needed to judge by | 1 not contacted
    = third rolling, full: acceptances 0 of 1 needed to judge by | 1 not contacted
d1 succeeds
    first: accepted: d1
    first: succeeded: d1
    third: queued: d1
    first monitoring
    = first monitoring, full: soaking for 50 m more | 1 updated
d1 succeeds
    third: accepted: d1
    third: succeeded: d1
    third monitoring
    second: removed, runs a newer release: d1
    second monitoring
    = second monitoring, full: soaking for 1 h more | 1 removed
    = third monitoring, full: soaking for 1 h more | 1 updated
d1 succeeds
