# Where no way back was signed, devices stay, and it is said. A device that has moved on, or has fallen back by itself,
# has no need of one.
fleet 5 sensor_v2 running 1.0.0
    d1 to d5
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0
    release 2.0.0 of sensor_v2 published
    delta from 1.0.0 to 2.0.0 is to be built
delta 2.0.0 from 1.0.0 failed
    delta from 1.0.0 to 2.0.0 is not to be had
campaign spring phases full 100% 24h 80%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase full started, up to device 5
    queued: d1 d2 d3 d4 d5
    = spring rolling, full: acceptances 0 of 5 needed to judge by | 5 not contacted
all succeed
    accepted: d1 d2 d3 d4 d5
    succeeded: d1 d2 d3 d4 d5
    spring monitoring
    = spring monitoring, full: soaking for 1 d more | 5 updated
wait 24h
    -- day 1, 00:00
    phase full passed
    spring completed
    = spring completed, full | 5 updated
release 3.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
    delta from 1.0.0 to 3.0.0 is to be built
delta 3.0.0 from 2.0.0 failed
    delta from 2.0.0 to 3.0.0 is not to be had
delta 3.0.0 from 1.0.0 failed
    delta from 1.0.0 to 3.0.0 is not to be had
campaign summer phases first 20% 24h 80%, full 100% 24h 80%
    campaign summer created
    = summer draft: not started
start summer
    summer staged
    summer started with 5 devices
    phase first started, up to device 1
    summer: queued: d5
    = summer rolling, first: acceptances 0 of 1 needed to judge by | 5 not contacted
first succeeds
    summer: accepted: d5
    summer: succeeded: d5
    = summer rolling, first: soaking for 1 d more | 1 updated, 4 not contacted
d1 falls back
roll back spring because security
    spring goes back
    spring: kept, runs another image: d1 d5
    spring: kept, no way back was signed: d2 d3 d4
    spring rolled back
    = spring rolled_back, full: rolled back by ann: security | 5 updated
report spring
    all, full: 5 devices | 5 updated
    updated; failed
    failed: 0 of 0 with an outcome
    success_rate: 100.00 %, target above 95.00 %: met
    failure_rate: 0.00 %, target below 5.00 %: met
    time_to_50_percent: not yet, target below 7 d: missed
    time_to_95_percent: not yet, target below 7 d: missed
    time_to_100_percent: not yet, target below 7 d: missed
    campaign_rollback_rate: 100.00 %, target below 1.00 %: missed
    bytes_offered: 120 bytes
    cost_per_device: 4.00, target below 0.50: missed
    cost: infrastructure 0.02, operations 20.00, support 0.00, total 20.02
    advice: bring the devices that have not gone back to a release that is newer and sound; device.explain says of each why it stayed [update_kept]
      because 5 devices stayed as they were: no way back was signed for them, they were out of reach, or ran another image
    advice: test releases longer before they are rolled out [target_missed]
      because 100 % of all campaigns were rolled back
    advice: see whether what costs most can be had for less [target_missed]
      because 4.00 for each updated device, and 100 % of all is operations
status spring
    spring rolled_back, full: rolled back by ann: security | 5 updated
    version 3, 5 devices, 5 exposed
    full 100 %: passed | 5 updated
    evidence 0.17 of 20: 0 failed, 5 succeeded; the failure rate is 0.0 to 61.6 %
    way back, 100 %: 0 back, 0 failed, 5 kept, 0 to go
