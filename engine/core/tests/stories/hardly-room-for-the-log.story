# While there is hardly room for the log, only what ends work is taken; then everything goes on.
fleet 6 sensor_v2 running 1.0.0
    d1 to d6
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 50% 1h 50%, full 100% 1h 50%; backoff 1h, expected_failure 50%, failure_threshold 100%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 6 devices
    phase canary started, up to device 3
    queued: d1 d2 d5
    = spring rolling, canary: acceptances 0 of 3 needed to judge by | 6 not contacted
d1 d2 accept
    accepted: d1 d2
    = spring rolling, canary: acceptances 2 of 3 needed to judge by | 2 in progress, 4 not contacted
d1 fails installation
    failed installation, retry in 1 h: d1
    = spring rolling, canary: acceptances 2 of 3 needed to judge by | 1 failed, 1 in progress, 4 not contacted
room 300 MiB of 256
    known already
room 255 MiB of 256
    hardly room left for the log
room 100 MiB of 256
    known already
d2 succeeds
    succeeded: d2
    = spring rolling, canary: acceptances 2 of 3 needed to judge by | 1 updated, 1 failed, 4 not contacted
d6 reports
    d6: refused, storage_low: there is hardly room left for the log: only pauses, cancels and reports on open work are taken
d5 greets
campaign summer phases full 100% 1h 95%
    refused, storage_low: there is hardly room left for the log: only pauses, cancels and reports on open work are taken
pause spring id p
    spring paused
    = spring paused, canary: paused by ann | 1 updated, 1 failed, 4 not contacted
resume spring id r
    refused, storage_low: there is hardly room left for the log: only pauses, cancels and reports on open work are taken
wait 4h
room 256 MiB of 256
    known already
room 320 MiB of 256
    room again for the log
resume spring id r
    spring resumed
    queued, attempt 2: d1
    = spring rolling, canary: acceptances 2 of 3 needed to judge by | 1 updated, 1 failed, 4 not contacted
status spring
    spring rolling, canary: acceptances 2 of 3 needed to judge by | 1 updated, 1 failed, 4 not contacted
    version 4, 6 devices, 2 exposed
    canary 50 %: running | 1 updated, 1 failed, 1 not contacted
    full 100 %: pending | 3 not contacted
    evidence 0.67 of 20: 1 failed, 1 succeeded; the failure rate is 0.8 to 99.2 %
    errors: 1 installation
d5 greets
room 10 MiB of 256
    hardly room left for the log
restart
cancel spring
    spring canceled
    canceled: d1 d5
    = spring canceled, canary: canceled by ann | 1 updated, 1 failed, 3 not contacted, 1 removed
room 1000 MiB of 256
    room again for the log
campaign autumn phases full 100% 1h 95%
    campaign autumn created
    = autumn draft: not started
room 10 MiB of 256
    hardly room left for the log
start autumn
    refused, storage_low: there is hardly room left for the log: only pauses, cancels and reports on open work are taken
room 1000 MiB of 256
    room again for the log
start autumn
    autumn staged
    autumn started with 6 devices
    phase full started, up to device 6
    autumn: queued: d1 d3 d4 d5 d6
    autumn: ran it already: d2
    = autumn rolling, full: acceptances 1 of 6 needed to judge by | 1 updated, 5 not contacted
room 10 MiB of 256
    hardly room left for the log
room 1000 MiB of 256
    room again for the log
