# An operator need not wait for a phase to pass; gates apply all the same.
fleet 10 sensor_v2 running 1.0.0
    d1 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases few 20% 24h 100%, half 50% 24h 90%, full 100% 1h 50%
    campaign spring created
    = spring draft: not started
advance spring
    refused, invalid_transition: spring is draft and cannot be advanced
start spring
    spring staged
    spring started with 10 devices
    phase few started, up to device 2
    queued: d1 d9
    = spring rolling, few: acceptances 0 of 2 needed to judge by | 10 not contacted
few accept
    accepted: d1 d9
    = spring rolling, few: outcomes 0 of 2 needed | 2 in progress, 8 not contacted
advance spring because it is urgent
    phase few advanced
    phase half started, up to device 5
    queued: d5 d8 d10
    = spring rolling, half: acceptances 2 of 5 needed to judge by | 2 in progress, 8 not contacted
half succeed
    accepted: d5 d8 d10
    succeeded: d5 d8 d10
    = spring rolling, half: outcomes 3 of 5 needed | 3 updated, 2 in progress, 5 not contacted
advance spring as ann version 2
    refused, version_conflict: spring is at version 3, not 2
advance spring as ann version 3
    phase half advanced
    phase full started, up to device 10
    queued: d2 d3 d4 d6 d7
    = spring rolling, full: acceptances 5 of 10 needed to judge by | 3 updated, 2 in progress, 5 not contacted
advance spring
    refused, invalid_transition: spring is in its last phase: there is none to advance to
full succeed
    accepted: d2 d3 d4 d6 d7
    succeeded: d2 d3 d4 d6 d7
    = spring rolling, full: outcomes 8 of 10 needed | 8 updated, 2 in progress
few succeed
    succeeded: d1 d9
    spring monitoring
    = spring monitoring, full: soaking for 1 h more | 10 updated
wait 1h
    -- day 0, 01:00
    phase full passed
    spring completed
    = spring completed, full | 10 updated
