fleet 0 sensor_v2 running 1.0.0
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 1% 24h 100%, full 100% 72h 95%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 0 devices
    phase canary started, up to device 0
    phase canary passed
    phase full started, up to device 0
    phase full passed
    spring completed
    = spring completed, full | no devices
