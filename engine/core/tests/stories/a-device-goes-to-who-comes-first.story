# A device is freed by a campaign that wants it back at once, and another that comes before it has waited for it: that one
# has it. It leaves the release that is taken back all the same, and by one installation instead of two.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0 back to 1.0.0
    release 2.0.0 of sensor_v2 published
    way back from 2.0.0 to 1.0.0
    delta from 1.0.0 to 2.0.0 is to be built
release 3.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
    delta from 1.0.0 to 3.0.0 is to be built
delta 3.0.0 from 2.0.0 useless
    delta from 2.0.0 to 3.0.0 is not to be had
delta 3.0.0 from 1.0.0 useless
    delta from 1.0.0 to 3.0.0 is not to be had
delta 2.0.0 from 1.0.0 useless
    delta from 1.0.0 to 2.0.0 is not to be had
campaign spring of 2.0.0 phases full 100% 1h 50%
    campaign spring created
    = spring draft: not started
campaign summer of 3.0.0 phases full 100% 1h 50% with {"priority": 10}
    campaign summer created
    = summer draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    spring: queued: d1 d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
all accept
    spring: accepted: d1 d2
    = spring rolling, full: outcomes 0 of 2 needed | 2 in progress
start summer
    summer staged
    summer started with 2 devices
    phase full started, up to device 2
    summer: deferred, busy: d1 d2
    = summer rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
roll back spring because critical_bug
    spring goes back
    = spring rolling_back, full: rolled back by ann: critical bug; 2 devices still to go back | 2 in progress
d1 succeeds
    spring: succeeded: d1
    summer: queued: d1
    spring: goes back later, busy: d1
    = spring rolling_back, full: rolled back by ann: critical bug; 2 devices still to go back, 1 of them busy or out of reach | 1 updated, 1 in progress
explain d1 in spring
    spring rolling_back: going_back in full of all
    - fits_group: it fitted group all when the campaign started [32]
    - in_phase: by rank it is number 1 of 2; phase full reaches to number 2, which is 100 %
    - busy: it has been given a job of summer, and never has two, 1 d to go [50]
    - goes_first: summer goes first: priority 10 comes before 100 [29]
    - campaign_rolling_back: the campaign is taken back: rolled back by ann: critical bug [47]
d1 succeeds
    summer: accepted: d1
    summer: succeeded: d1
    spring: kept, runs another image: d1
    = spring rolling_back, full: rolled back by ann: critical bug; 1 device still to go back | 1 updated, 1 in progress
    = summer rolling, full: acceptances 1 of 2 needed to judge by | 1 updated, 1 not contacted
# Another one that stands behind has to wait for it.
campaign autumn of 3.0.0 phases full 100% 1h 50% with {"priority": 200}
    campaign autumn created
    = autumn draft: not started
start autumn
    autumn staged
    autumn started with 2 devices
    phase full started, up to device 2
    autumn: ran it already: d1
    autumn: deferred, busy: d2
    = autumn rolling, full: acceptances 1 of 2 needed to judge by | 1 updated, 1 not contacted
cancel summer
    summer canceled
    = summer canceled, full: canceled by ann | 1 updated, 1 not contacted
d2 succeeds
    spring: succeeded: d2
    spring: queued to go back to 1.0.0: d2
    = spring rolling_back, full: rolled back by ann: critical bug; 1 device still to go back | 2 updated
all accept
    spring: accepted to go back: d2
all succeed
    spring: went back: d2
    spring rolled back
    autumn: queued: d2
    = spring rolled_back, full: rolled back by ann: critical bug | 1 updated, 1 sent back
status spring
    spring rolled_back, full: rolled back by ann: critical bug | 1 updated, 1 sent back
    version 3, 2 devices, 2 exposed
    full 100 %: soaking | 1 updated, 1 sent back
    evidence 0.33 of 20: 0 failed, 2 succeeded; the failure rate is 0.0 to 87.1 %
    way back, 100 %: 1 back, 0 failed, 1 kept, 0 to go
# A security campaign goes first, whatever the numbers say.
release 4.0.0
    release 4.0.0 of sensor_v2 published
    delta from 3.0.0 to 4.0.0 is to be built
    delta from 2.0.0 to 4.0.0 is to be built
    delta from 1.0.0 to 4.0.0 is to be built
delta 4.0.0 from 3.0.0 useless
    delta from 3.0.0 to 4.0.0 is not to be had
delta 4.0.0 from 2.0.0 useless
    delta from 2.0.0 to 4.0.0 is not to be had
delta 4.0.0 from 1.0.0 useless
    delta from 1.0.0 to 4.0.0 is not to be had
campaign winter of 4.0.0 phases full 100% 1h 50% with {"priority": 10}
    campaign winter created
    = winter draft: not started
campaign urgent of 4.0.0 phases full 100% 1h 50% with {"priority": 200, "security": true}
    campaign urgent created
    = urgent draft: not started
fleet 1 sensor_v2 running 1.0.0
    d3 to d3
send {"command": "device.update", "device": "d3", "version": "4.0.0"}
    campaign manual-d3-91 created
    manual-d3-91 staged
    manual-d3-91 started with 1 device
    phase update started, up to device 1
    manual-d3-91: queued: d3
    = manual-d3-91 rolling, update: 1 device without an outcome | 1 not contacted
d3 accept
    manual-d3-91: accepted: d3
    = manual-d3-91 rolling, update: 1 device without an outcome | 1 in progress
start winter
    winter staged
    winter started with 3 devices
    phase full started, up to device 3
    winter: deferred, busy: d2 d3
    winter: queued: d1
    = winter rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
start urgent
    urgent staged
    urgent started with 3 devices
    phase full started, up to device 3
    winter: deferred, madeway: d1
    urgent: queued: d1 d2
    autumn: deferred, madeway: d2
    urgent: deferred, busy: d3
    = urgent rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
d3 fail installation
    manual-d3-91: failed installation, retry in 42 m 39 s: d3
    urgent: queued: d3
    alert manual-d3-91-failure_rate: 1 of 1 outcomes failed
    = manual-d3-91 rolling, update: 1 device without an outcome | 1 failed
