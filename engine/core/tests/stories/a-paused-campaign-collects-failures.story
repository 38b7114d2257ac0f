# What fails while an operator has paused a campaign is judged when it is resumed, before anything new is offered.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 50% 24h 100%, full 100% 24h 100%; max_retries 0, expected_failure 60%
    campaign spring created
    = spring draft: not started
maintain d1
    maintenance: d1
start spring
    spring staged
    spring started with 4 devices
    phase canary started, up to device 2
    deferred, maintenance: d1
    queued: d2
    = spring rolling, canary: acceptances 0 of 2 needed to judge by | 4 not contacted
d2 accepts
    accepted: d2
    = spring rolling, canary: acceptances 1 of 2 needed to judge by | 1 in progress, 3 not contacted
pause spring
    spring paused
    = spring paused, canary: paused by ann | 1 in progress, 3 not contacted
activate d1
    active: d1
d2 fails verification
    failed verification, no attempt left: d2
    = spring paused, canary: paused by ann | 1 failed, 3 not contacted
resume spring
    spring resumed
    spring paused
    alert spring-paused: paused by itself, 1 exposed
    = spring paused, canary: lost 1 of 2 devices up to phase canary; 100 % success can no longer be reached | 1 failed, 3 not contacted
resume spring
    spring resumed
    queued: d1
    = spring rolling, canary: acceptances 1 of 2 needed to judge by | 1 failed, 3 not contacted
