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
    refused, campaign_invalid: sample_max: unknown key 'sample_max'; did you mean 'sample_min'?
campaign spring phases full 101% 1h
    refused, campaign_invalid: phases[0].percentage: expected a percentage from 0 to 100 with at most two decimals, found integer `101`
campaign spring phases full 100% 1h; expected_failure 0
    refused, campaign_invalid: expected_failure: 0 % can never decide anything; allowed is above 0 and below 100
campaign spring phases full 100% 1h
    campaign spring created
    = spring draft: not started
campaign spring phases full 100% 1h
    refused, campaign_exists: spring exists
campaign summer phases full 100% 1h with {"time_zone": "Mars/Olympus"}
    refused, campaign_invalid: time_zone: Mars/Olympus is no time zone; allowed are the names of the IANA time zone database, like Europe/Berlin or UTC
campaign summer phases full 100% 1h with {"maintenance_windows": {"start": "02:00", "duration_hours": 3, "time_zone": "Europe/Bärlin"}}
    refused, campaign_invalid: maintenance_windows.time_zone: a time zone consists of letters, digits, '/', '_', '+' and '-'; 'ä' is not allowed
defaults {"time_zone": "Mars/Olympus"}
    refused, campaign_invalid: time_zone: Mars/Olympus is no time zone; allowed are the names of the IANA time zone database, like Europe/Berlin or UTC
