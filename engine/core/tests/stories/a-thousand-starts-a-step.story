# A step starts a thousand executions at most, so that a pause is never stuck behind a million of them.
fleet 2500 sensor_v2 running 1.0.0
    d1 to d2500
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 95%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2500 devices
    phase full started, up to device 2500
    queued: 1000 devices
    = spring rolling, full: 1500 devices still to be offered the update | 2500 not contacted
step
    queued: 1000 devices
    = spring rolling, full: 500 devices still to be offered the update | 2500 not contacted
pause spring
    queued: 500 devices
    spring paused
    = spring paused, full: paused by ann | 2500 not contacted
step
resume spring
    spring resumed
    = spring rolling, full: acceptances 0 of 20 needed to judge by | 2500 not contacted
