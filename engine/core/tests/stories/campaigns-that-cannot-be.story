# A campaign's description is checked when it is created.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring of 3.0.0 phases full 100% 1h 95%
    refused, unknown_release: no release sensor_v2 3.0.0
campaign spring phases canary 10% 1h, full 5% 1h
    refused, campaign_invalid: phases[1].percentage: 5 % is not above the phase before it; percentages are cumulative and rise from phase to phase, up to 100
campaign spring phases full 100% 1h; sample_max 3
    refused, campaign_invalid: campaign.sample_max: unknown field `sample_max`, expected one of `id`, `release`, `releases`, `groups`, `membership`, `group_order`, `rollout_strategy`, `phases`, `failure_threshold`, `sample_min`, `expected_failure`, `false_pause`, `quorum`, `gates`, `priority`, `security`, `rates`, `failure_handling`, `timeouts`, `max_rollout_days`
campaign spring phases full 101% 1h
    refused, campaign_invalid: campaign.phases[0].percentage: invalid value: integer `101`, expected a percentage from 0 to 100 with at most two decimals
campaign spring phases full 100% 1h; expected_failure 0
    refused, campaign_invalid: expected_failure: 0 % can never decide anything; above 0 and below 100
campaign spring phases full 100% 1h
    campaign spring created
    = spring draft: not started
campaign spring phases full 100% 1h
    refused, campaign_exists: spring exists
