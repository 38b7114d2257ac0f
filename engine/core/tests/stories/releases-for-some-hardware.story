# A release is only for the hardware it names, and nothing leads to one whose conditions no release fulfils.
fleet 1 sensor_v2 running 1.0.0 hardware=1
    d1 to d1
fleet 1 sensor_v2 running 1.0.0 hardware=2
    d2 to d2
fleet 1 sensor_v2 running 1.0.0
    d3 to d3
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0 hardware 2 hardware 3
    release 2.0.0 of sensor_v2 published
    delta from 1.0.0 to 2.0.0 is to be built
release 3.0.0 requires >=2.5
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
    delta from 1.0.0 to 3.0.0 is to be built
campaign spring of 2.0.0 phases full 100% 1h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    = spring staged: deltas are being built
wait 10m
    -- day 0, 00:10
    spring started with 3 devices
    phase full started, up to device 3
    removed, other hardware: d1 d3
    queued: d2
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 1 not contacted, 2 removed
explain d1 in spring
    spring rolling: removed in full of all
    - fits_group: it fitted group all when the campaign started [30]
    - in_phase: by rank it is number 1 of 3; phase full reaches to number 3, which is 100 %
    - wrong_hardware: the release is not for its hardware revision [32]
explain d3 in spring
    spring rolling: removed in full of all
    - fits_group: it fitted group all when the campaign started [30]
    - in_phase: by rank it is number 3 of 3; phase full reaches to number 3, which is 100 %
    - wrong_hardware: the release is not for its hardware revision [34]
campaign summer of 3.0.0 phases full 100% 1h
    campaign summer created
    = summer draft: not started
cancel spring
    spring canceled
    spring: canceled: d2
    = spring canceled, full: canceled by ann | 3 removed
start summer
    summer staged
    = summer staged: deltas are being built
wait 10m
    -- day 0, 00:20
    summer started with 3 devices
    phase full started, up to device 3
    summer: removed, no way to the release: d1 d2 d3
    summer monitoring
    = summer monitoring, full: soaking for 1 h more | 3 removed
explain d2 in summer
    summer monitoring: removed in full of all
    - fits_group: it fitted group all when the campaign started [42]
    - in_phase: by rank it is number 1 of 3; phase full reaches to number 3, which is 100 %
    - no_path: no releases lead from what it runs to what it should run [44]
# Of one device by itself it is said at once.
send {"command": "device.update", "device": "d1", "version": "2.0.0"}
    refused, invalid_transition: d1 cannot be brought to 2.0.0: the release is not for its hardware
send {"command": "device.update", "device": "d1", "version": "3.0.0"}
    refused, invalid_transition: d1 cannot be brought to 3.0.0: no releases lead there from what it runs
# What the steps on the way are for counts as well: through 2.0.0 only hardware 2 gets to 4.0.0.
release 4.0.0 requires >=2.0.0,<3
    release 4.0.0 of sensor_v2 published
    delta from 3.0.0 to 4.0.0 is to be built
    delta from 2.0.0 to 4.0.0 is to be built
    delta from 1.0.0 to 4.0.0 is to be built
send {"command": "device.update", "device": "d1", "version": "4.0.0"}
    refused, invalid_transition: d1 cannot be brought to 4.0.0: no releases lead there from what it runs
send {"command": "device.update", "device": "d2", "version": "4.0.0"}
    campaign manual-d2-56 created
    manual-d2-56 staged
    = manual-d2-56 staged: deltas are being built
