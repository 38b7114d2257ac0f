# A campaign may be described anew until it is started.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 90%
    campaign spring created
    = spring draft: not started
edit spring phases few 20% 1h 100%, full 100% 1h 90%
    spring edited
edit spring phases full 0% 1h 90%, full 100% 1h
    refused, campaign_invalid: phases[0].percentage: a phase of no devices is none; percentages are cumulative and rise from phase to phase, up to 100
edit summer phases full 100% 1h 90%
    refused, unknown_campaign: no campaign summer
status spring
    spring draft: not started
    version 2, 0 devices, 0 exposed
    few 20 %: pending | no devices
    full 100 %: pending | no devices
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
start spring
    spring staged
    spring started with 10 devices
    phase few started, up to device 2
    queued: d1 d9
    = spring rolling, few: acceptances 0 of 2 needed to judge by | 10 not contacted
edit spring phases full 100% 1h 90%
    refused, invalid_transition: spring is rolling and cannot be edited
