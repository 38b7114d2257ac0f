# A retired device is not offered the next campaign's job on its way out.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
release 3.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
delta 3.0.0 from 2.0.0 useless
    delta from 2.0.0 to 3.0.0 is not to be had
campaign spring of 2.0.0 phases full 100% 1h 50%
    campaign spring created
    = spring draft: not started
campaign summer of 3.0.0 phases full 100% 1h 50%
    campaign summer created
    = summer draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    spring: queued: d1 d2 d3
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
start summer
    summer staged
    summer started with 3 devices
    phase full started, up to device 3
    summer: deferred, busy: d1 d2 d3
    = summer rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
retire d2
    spring: removed, retired: d2
    retired: d2
    summer: removed, retired: d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted, 1 removed
    = summer rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted, 1 removed
show d2
    retired, runs 1.0.0, spring attempt 1 Removed
    job topic: empty
