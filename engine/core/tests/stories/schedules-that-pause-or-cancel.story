# At the end of its schedule a campaign can pause, or be canceled.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
fleet 3 gateway_v1 running 1.0.0
    d4 to d6
release 2.0.0 for sensor_v2
    release 2.0.0 of sensor_v2 published
release 2.0.0 for gateway_v1
    release 2.0.0 of gateway_v1 published
campaign spring phases full 100% 1h 60% with {"release": {"model": "sensor_v2", "version": "2.0.0"}, "schedule": {"end": "2026-01-01T10:00:00Z", "on_end": "pause"}}
    campaign spring created
    = spring draft: not started
campaign summer phases full 100% 1h 60% with {"release": {"model": "gateway_v1", "version": "2.0.0"}, "schedule": {"end": "2026-01-01T10:00:00Z", "on_end": "cancel"}}
    campaign summer created
    = summer draft: not started
campaign autumn phases full 100% 1h 60% with {"release": {"model": "gateway_v1", "version": "2.0.0"}, "schedule": {"end": "2026-01-01T09:00:00Z"}}
    campaign autumn created
    = autumn draft: not started
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
    summer: queued: d4 d5 d6
    = summer rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
d1 d4 accept
    spring: accepted: d1
    summer: accepted: d4
    = spring rolling, full: acceptances 1 of 3 needed to judge by | 1 in progress, 2 not contacted
    = summer rolling, full: acceptances 1 of 3 needed to judge by | 1 in progress, 2 not contacted
wait 10h
    -- day 0, 04:00
    spring: timed out, retry in 1 h: d1
    spring paused
    alert spring-paused: paused by itself, 1 exposed
    summer: timed out, retry in 1 h: d4
    summer paused
    alert summer-paused: paused by itself, 1 exposed
    -- day 0, 10:00
    the schedule of spring ended
    the schedule of summer ended
    summer canceled
    summer: canceled: d5 d6
    alert summer-paused is over
    = spring paused, full: 1 of 1 first attempts failed: more than the normal 2 % with confidence 95 % | 1 failed, 2 not contacted
    = summer canceled, full: canceled at the end of its schedule | 1 failed, 2 removed
resume spring
    spring resumed
    alert spring-paused is over
    spring: queued, attempt 2: d1
    = spring rolling, full: acceptances 1 of 3 needed to judge by | 1 failed, 2 not contacted
d1 d2 d3 succeed
    spring: accepted: d1 d2 d3
    spring: succeeded: d1 d2 d3
    phase full passed
    spring completed
    = spring completed, full | 3 updated
d4 succeeds
    summer: succeeded: d4
    = summer canceled, full: canceled at the end of its schedule | 1 updated, 2 removed
start autumn
    refused, invalid_transition: the schedule of autumn is over: edit it
