# A fifth of the devices may be silent for a week, and one that was never heard of does not count.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
fleet 2 sensor_v2
    d11 to d12
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h with {"monitoring": {"alert_on_offline_hours": 3, "alert_on_offline_rate": 20, "alert_on_timeout_hours": 300}, "timeouts": {"execution_hours": 48}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 12 devices
    phase full started, up to device 12
    queued: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10 d11 d12
    = spring rolling, full: acceptances 0 of 12 needed to judge by | 12 not contacted
d1..d10 accept
    accepted: d1 d2 d3 d4 d5 d6 d7 d8 d9 d10
    = spring rolling, full: acceptances 10 of 12 needed to judge by | 10 in progress, 2 not contacted
d1..d8 report
wait 2h
d1..d8 report
wait 1h
d1..d7 report
wait 3h
    -- day 0, 05:10
    alert spring-devices_offline: 3 of 10 fallen silent
troubles
    spring-devices_offline: nothing has been heard of 3 of 10 devices for 3 h, more than 20 %
# A retired device is expected no more; those that are heard of again are not silent.
retire d10
    canceled: d10
    retired: d10
    = spring rolling, full: acceptances 9 of 11 needed to judge by | 9 in progress, 2 not contacted, 1 removed
d1..d3 report
wait 20m
d8 d9 report
wait 20m
d4..d7 report
    alert spring-devices_offline is over
wait 20m
troubles
cancel spring
    spring canceled
    canceled: d11 d12
    = spring canceled, full: canceled by ann | 9 in progress, 3 removed
