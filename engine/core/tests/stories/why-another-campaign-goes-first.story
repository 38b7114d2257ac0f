# Which of several campaigns gets a device, and why, is told on both sides.
fleet 4 sensor_v2 running 1.0.0
    d1 to d4
release 2.0.0
    release 2.0.0 of sensor_v2 published
release 2.1.0
    release 2.1.0 of sensor_v2 published
    delta from 2.0.0 to 2.1.0 is to be built
release 2.2.0
    release 2.2.0 of sensor_v2 published
    delta from 2.1.0 to 2.2.0 is to be built
    delta from 2.0.0 to 2.2.0 is to be built
delta 2.1.0 from 2.0.0 useless
    delta from 2.0.0 to 2.1.0 is not to be had
delta 2.2.0 from 2.1.0 useless
    delta from 2.1.0 to 2.2.0 is not to be had
delta 2.2.0 from 2.0.0 useless
    delta from 2.0.0 to 2.2.0 is not to be had
campaign spring of 2.0.0 phases full 100% 1h
    campaign spring created
    = spring draft: not started
campaign summer of 2.1.0 phases full 100% 1h
    campaign summer created
    = summer draft: not started
campaign urgent of 2.2.0 phases full 100% 1h; priority 10
    campaign urgent created
    = urgent draft: not started
start spring
    spring staged
    spring started with 4 devices
    phase full started, up to device 4
    spring: queued: d1 d2 d3 d4
    = spring rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
start summer
    summer staged
    summer started with 4 devices
    phase full started, up to device 4
    summer: deferred, busy: d1 d2 d3 d4
    = summer rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
explain d1
    spring rolling: queued in full of all
    - fits_group: it fitted group all when the campaign started [41]
    - in_phase: by rank it is number 1 of 4; phase full reaches to number 4, which is 100 %
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 1 d to go [43]
    - last_heard: it was last heard of 0 ms ago
    summer rolling: deferred in full of all
    - fits_group: it fitted group all when the campaign started [49]
    - in_phase: by rank it is number 4 of 4; phase full reaches to number 4, which is 100 %
    - busy: it has been given a job of spring, and never has two, 1 d to go [43]
    - goes_first: spring goes first: both have priority 100, and spring was created earlier [34]
d1 d2 accept
    spring: accepted: d1 d2
    = spring rolling, full: acceptances 2 of 4 needed to judge by | 2 in progress, 2 not contacted
start urgent
    urgent staged
    urgent started with 4 devices
    phase full started, up to device 4
    urgent: deferred, busy: d1 d2 d3 d4
    = urgent rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
explain d2
    urgent rolling: deferred in full of all
    - fits_group: it fitted group all when the campaign started [61]
    - in_phase: by rank it is number 3 of 4; phase full reaches to number 4, which is 100 %
    - busy: it is at a job of spring, and never has two, 4 h to go [58]
    - goes_first: this goes before spring (priority 10 comes before 100), but what the device has accepted is not taken from it [34]
    spring rolling: in_progress in full of all
    - fits_group: it fitted group all when the campaign started [41]
    - in_phase: by rank it is number 2 of 4; phase full reaches to number 4, which is 100 %
    - in_progress: it is at attempt 1, downloading; without an outcome it counts as lost_contact, 4 h to go [58]
    summer rolling: deferred in full of all
    - fits_group: it fitted group all when the campaign started [49]
    - in_phase: by rank it is number 1 of 4; phase full reaches to number 4, which is 100 %
    - busy: it is at a job of spring, and never has two, 4 h to go [58]
    - goes_first: spring goes first: both have priority 100, and spring was created earlier [34]
    - stands_behind: urgent wants it too, and goes first: priority 10 comes before 100 [38]
pause spring
    spring paused
    spring: deferred, madeway: d3 d4
    urgent: queued: d3 d4
    = spring paused, full: paused by ann | 2 in progress, 2 not contacted
explain d3
    urgent rolling: queued in full of all
    - fits_group: it fitted group all when the campaign started [61]
    - in_phase: by rank it is number 4 of 4; phase full reaches to number 4, which is 100 %
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 1 d to go [72]
    - last_heard: it was last heard of 0 ms ago
    spring paused: deferred in full of all
    - fits_group: it fitted group all when the campaign started [41]
    - in_phase: by rank it is number 3 of 4; phase full reaches to number 4, which is 100 %
    - busy: it has been given a job of urgent, and never has two, 1 d to go [72]
    - goes_first: urgent goes first: priority 10 comes before 100 [38]
    - campaign_paused: the campaign is paused: paused by ann [68]
    summer rolling: deferred in full of all
    - fits_group: it fitted group all when the campaign started [49]
    - in_phase: by rank it is number 3 of 4; phase full reaches to number 4, which is 100 %
    - busy: it has been given a job of urgent, and never has two, 1 d to go [72]
    - goes_first: urgent goes first: priority 10 comes before 100 [38]
maintain d4
    urgent: deferred, maintenance: d4
    maintenance: d4
explain d4 in urgent
    urgent rolling: deferred in full of all
    - fits_group: it fitted group all when the campaign started [61]
    - in_phase: by rank it is number 1 of 4; phase full reaches to number 4, which is 100 %
    - maintenance: it is in maintenance, which keeps it out of campaigns [74]
campaign hole of 2.2.0 phases full 100% 1h; security true
    campaign hole created
    = hole draft: not started
start hole
    hole staged
    hole started with 4 devices
    phase full started, up to device 4
    hole: deferred, busy: d1 d2
    urgent: deferred, madeway: d3
    hole: queued: d3
    hole: deferred, maintenance: d4
    = hole rolling, full: acceptances 0 of 4 needed to judge by | 4 not contacted
explain d2 in hole
    hole rolling: deferred in full of all
    - fits_group: it fitted group all when the campaign started [80]
    - in_phase: by rank it is number 1 of 4; phase full reaches to number 4, which is 100 %
    - busy: it is at a job of spring, and never has two, 4 h to go [58]
    - goes_first: this goes before spring (hole is a security campaign), but what the device has accepted is not taken from it [34]
explain d3 in hole
    hole rolling: queued in full of all
    - fits_group: it fitted group all when the campaign started [80]
    - in_phase: by rank it is number 2 of 4; phase full reaches to number 4, which is 100 %
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 1 d to go [84]
    - last_heard: it was last heard of 0 ms ago
explain d3 in summer
    summer rolling: deferred in full of all
    - fits_group: it fitted group all when the campaign started [49]
    - in_phase: by rank it is number 3 of 4; phase full reaches to number 4, which is 100 %
    - busy: it has been given a job of hole, and never has two, 1 d to go [84]
    - goes_first: hole goes first: hole is a security campaign [77]
    - stands_behind: urgent wants it too, and goes first: priority 10 comes before 100 [38]
retire d4
    retired: d4
    hole: removed, retired: d4
    urgent: removed, retired: d4
    summer: removed, retired: d4
    = summer rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted, 1 removed
    = urgent rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted, 1 removed
    = hole rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted, 1 removed
explain d4 in urgent
    urgent rolling: removed in full of all
    - fits_group: it fitted group all when the campaign started [61]
    - in_phase: by rank it is number 1 of 4; phase full reaches to number 4, which is 100 %
    - retired: it was retired before it took its job [90]
