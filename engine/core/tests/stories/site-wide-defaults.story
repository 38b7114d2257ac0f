# What the configuration says of campaigns holds for those created after it, where they do not say otherwise.
fleet 100 sensor_v2 running 1.0.0
    d1 to d100
release 2.0.0
    release 2.0.0 of sensor_v2 published
defaults {"defaults":{"rollout_strategy":"canary","failure_threshold":3},"failure_handling":{"max_retries":0}}
    campaign defaults set
# Once more, as at every start: nothing is new.
defaults {"defaults":{"rollout_strategy":"canary","failure_threshold":3},"failure_handling":{"max_retries":0}}
    known already
campaign spring
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 100 devices
    phase canary started, up to device 5
    queued: d1 d29 d39 d83 d90
    = spring rolling, canary: acceptances 0 of 5 needed to judge by | 100 not contacted
status spring
    spring rolling, canary: acceptances 0 of 5 needed to judge by | 100 not contacted
    version 2, 100 devices, 0 exposed
    canary 5 %: running | 5 not contacted
    full 100 %: pending | 95 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
# What is said later changes no campaign that is there.
defaults {"rollout_strategy":"progressive","initial_percentage":20,"rollout_interval_hours":"6h"}
    campaign defaults set
canary succeed
    accepted: d1 d29 d39 d83 d90
    succeeded: d1 d29 d39 d83 d90
    = spring rolling, canary: soaking for 2 d more | 5 updated, 95 not contacted
wait 48h
    -- day 2, 00:00
    phase canary passed
    phase full started, up to device 100
    queued: 95 devices
    = spring rolling, full: acceptances 5 of 20 needed to judge by | 5 updated, 95 not contacted
status spring
    spring rolling, full: acceptances 5 of 20 needed to judge by | 5 updated, 95 not contacted
    version 2, 100 devices, 5 exposed
    canary 5 %: passed | 5 updated
    full 100 %: running | 95 not contacted
    evidence 0.17 of 20: 0 failed, 5 succeeded; the failure rate is 0.0 to 61.6 %
cancel spring
    spring canceled
    canceled: 95 devices
    = spring canceled, full: canceled by ann | 5 updated, 95 removed
campaign summer
    campaign summer created
    = summer draft: not started
start summer
    summer staged
    summer started with 100 devices
    phase p20 started, up to device 20
    summer: queued: 20 devices
    = summer rolling, p20: acceptances 0 of 20 needed to judge by | 100 not contacted
status summer
    summer rolling, p20: acceptances 0 of 20 needed to judge by | 100 not contacted
    version 2, 100 devices, 0 exposed
    p20 20 %: running | 20 not contacted
    p40 40 %: pending | 20 not contacted
    p80 80 %: pending | 40 not contacted
    p100 100 %: pending | 20 not contacted
    evidence 1.00 of 20: 0 failed, 0 succeeded; the failure rate is 0.0 to 100.0 %
# A campaign has the last word, key by key.
cancel summer
    summer canceled
    summer: canceled: 20 devices
    = summer canceled, p20: canceled by ann | 80 not contacted, 20 removed
campaign autumn phases few 30% 1h, all 100% 1h
    campaign autumn created
    = autumn draft: not started
start autumn
    autumn staged
    autumn started with 100 devices
    phase few started, up to device 30
    autumn: queued: 29 devices
    autumn: ran it already: d1
    = autumn rolling, few: acceptances 1 of 20 needed to judge by | 1 updated, 99 not contacted
# No campaign could be made with these.
defaults {"phases":[{"name":"a","percentage":50,"duration_hours":1},{"name":"b","percentage":50,"duration_hours":1}]}
    refused, campaign_invalid: phases[1].percentage: 50 % is not above the phase before it; percentages are cumulative and rise from phase to phase, up to 100
defaults {"defaults":{"max_rollout_days":1},"max_rollout_days":2}
    refused, campaign_invalid: defaults.max_rollout_days: `max_rollout_days` stands outside `defaults` as well; each key is said in one place
# The configuration says nothing any more.
defaults {}
    campaign defaults set
