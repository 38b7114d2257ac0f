# A device leaves what it was brought to, again and again: each time is a failure, and some day no attempt is left.
fleet 1 sensor_v2 running 1.0.0
    d1 to d1
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 2.0.0
    release 2.0.0 of sensor_v2 published
    delta from 1.0.0 to 2.0.0 is to be built
release 3.0.0 requires >=2.0.0
    release 3.0.0 of sensor_v2 published
    delta from 2.0.0 to 3.0.0 is to be built
    delta from 1.0.0 to 3.0.0 is to be built
campaign spring of 3.0.0 phases full 100% 1h; max_retries 1 with {"gates": {"confident": false, "threshold": false}}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    = spring staged: deltas are being built
wait 10m
    -- day 0, 00:10
    spring started with 1 device
    phase full started, up to device 1
    queued, by way of 2.0.0: d1
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 1 not contacted
d1 accept
    accepted: d1
    = spring rolling, full: outcomes 0 of 1 needed | 1 in progress
d1 succeed
    passed through 2.0.0: d1
    queued, attempt 2: d1
    = spring rolling, full: outcomes 0 of 1 needed | 1 not contacted
d1 fall back
    failed not_attested and went back, retry in 1 h: d1
    alert spring-failure_rate: 1 of 1 outcomes failed
    = spring rolling, full: outcomes 0 of 1 needed | 1 failed (1 rolled back)
wait 1h
    -- day 0, 01:10
    queued, attempt 3, by way of 2.0.0: d1
d1 accept
    accepted: d1
d1 succeed
    passed through 2.0.0: d1
    queued, attempt 4: d1
# Between two steps nothing is on its topic; that the campaign is paused makes no difference.
pause spring
    spring paused
    = spring paused, full: paused by ann | 1 failed (1 rolled back)
d1 fall back
    failed not_attested and went back, no attempt left: d1
resume spring
    spring resumed
    spring paused
    alert spring-paused: paused by itself, 1 exposed
    = spring paused, full: lost 1 of 1 devices up to phase full; 95 % success can no longer be reached | 1 failed (1 rolled back)
wait 2h
d1 accept
d1 succeed
d1 fall back
explain d1 in spring
    spring paused: failed in full of all
    - fits_group: it fitted group all when the campaign started [22]
    - in_phase: by rank it is number 1 of 1; phase full reaches to number 1, which is 100 %
    - attempt_failed: an attempt has failed: not_attested (fell_back): it had reached 2.0.0, and runs 1.0.0 [42]
    - no_retry_left: no further attempt is left for it [42]
status spring
    spring paused, full: lost 1 of 1 devices up to phase full; 95 % success can no longer be reached | 1 failed (1 rolled back)
    version 5, 1 devices, 1 exposed
    full 100 %: soaking | 1 failed (1 rolled back)
    evidence 25.50 of 20: 1 failed, 0 succeeded; the failure rate is 2.5 to 100.0 %
    errors: 2 not_attested
