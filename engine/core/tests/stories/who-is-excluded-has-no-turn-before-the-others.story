# Who was taken out ahead of its phase is not retried into it: that may need the approval that expediting needs.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases few 25% 1h 50%, full 100% 1h 50%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase few started, up to device 1
    queued: d1
    = spring rolling, few: acceptances 0 of 1 needed to judge by | 4 not contacted
exclude spring device d1
    excluded: d1
    = spring rolling, few: soaking for 1 h more | 3 not contacted, 1 removed
exclude spring device d2
    excluded: d2
    = spring rolling, few: soaking for 1 h more | 2 not contacted, 2 removed
exclude spring device d3
    excluded: d3
    = spring rolling, few: soaking for 1 h more | 1 not contacted, 3 removed
exclude spring device d4
    excluded: d4
    = spring rolling, few: soaking for 1 h more | 4 removed
retry spring device d1
    d1 is to be retried
    queued, attempt 2: d1
    = spring rolling, few: acceptances 0 of 1 needed to judge by | 1 not contacted, 3 removed
retry spring device d2
    refused, invalid_transition: the phase of d2 has not begun; it can be retried from then on
retry spring device d3
    refused, invalid_transition: the phase of d3 has not begun; it can be retried from then on
retry spring device d4
    refused, invalid_transition: the phase of d4 has not begun; it can be retried from then on
expedite spring device d2
    refused, invalid_transition: d2 is removed in spring and cannot be expedited
d1 succeeds
    accepted: d1
    succeeded: d1
    = spring rolling, few: soaking for 1 h more | 1 updated, 3 removed
wait 1h
    -- day 0, 01:00
    phase few passed
    phase full started, up to device 4
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 1 updated, 3 removed
retry spring device d2
    d2 is to be retried
    queued: d2
    = spring monitoring, full: acceptances 1 of 2 needed to judge by | 1 updated, 1 not contacted, 2 removed
