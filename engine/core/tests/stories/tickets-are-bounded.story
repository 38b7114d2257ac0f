# A bad release makes no more than a hundred tickets, and one about all further devices.
fleet 150 sensor_v2 running 1.0.0
    d1 to d150
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 24h timed; failure_threshold 100%, expected_failure 90%, max_retries 0 with {"monitoring": {"alert_on_failure_rate": 100}, "gates": {"confident": false}, "failure_handling": {"create_support_tickets": true}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 150 devices
    phase full started, up to device 150
    queued: 150 devices
    = spring rolling, full: 150 devices without an outcome | 150 not contacted
d1..d99 fail self_test
    accepted: 99 devices
    failed self_test, no attempt left: 99 devices
    ticket opened: 99 devices
    = spring rolling, full: 51 devices without an outcome | 99 failed, 51 not contacted
d100..d102 fail self_test
    accepted: d100 d101
    failed self_test, no attempt left: d100 d101
    ticket opened: d100
    ticket opened: further devices of spring
    accepted: d102
    failed self_test, no attempt left: d102
    = spring rolling, full: 48 devices without an outcome | 102 failed, 48 not contacted
d103 fails self_test
    accepted: d103
    failed self_test, no attempt left: d103
    = spring rolling, full: 47 devices without an outcome | 103 failed, 47 not contacted
close ticket d100 in spring
    ticket closed by ann: d100
d104 fails self_test
    accepted: d104
    failed self_test, no attempt left: d104
    ticket opened: d104
    = spring rolling, full: 46 devices without an outcome | 104 failed, 46 not contacted
d105 fails self_test
    accepted: d105
    failed self_test, no attempt left: d105
    = spring rolling, full: 45 devices without an outcome | 105 failed, 45 not contacted
close ticket further in spring
    ticket closed by ann: further devices of spring
d106 fails self_test
    accepted: d106
    failed self_test, no attempt left: d106
    ticket opened: further devices of spring
    = spring rolling, full: 44 devices without an outcome | 106 failed, 44 not contacted
d107 fails self_test
    accepted: d107
    failed self_test, no attempt left: d107
    = spring rolling, full: 43 devices without an outcome | 107 failed, 43 not contacted
