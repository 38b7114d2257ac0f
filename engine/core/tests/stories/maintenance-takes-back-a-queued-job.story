# Maintenance also takes back a job that the device has not accepted yet; one that it has accepted goes on. The attempt
# taken back does not count.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%; max_retries 1, failure_threshold 90%, sample_min 20, expected_failure 50%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 3 devices
    phase full started, up to device 3
    queued: d1 d2 d3
    = spring rolling, full: acceptances 0 of 3 needed to judge by | 3 not contacted
d2 accepts
    accepted: d2
    = spring rolling, full: acceptances 1 of 3 needed to judge by | 1 in progress, 2 not contacted
maintain d1 d2
    deferred, maintenance: d1
    maintenance: d1
    maintenance: d2
show d1
    maintenance, runs 1.0.0
    job topic: empty
show d2
    maintenance, runs 1.0.0, spring attempt 1 InProgress downloading
    job topic: install 2.0.0 from whole image, good for 1 d 4 h
d2 succeeds
    succeeded: d2
    = spring rolling, full: acceptances 1 of 3 needed to judge by | 1 updated, 2 not contacted
wait 2d
    -- day 1, 00:00
    removed, not contacted: d3
    -- day 2, 00:00
    alert spring-stalled: nothing for 1 d, 1 waited for
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 1 updated, 1 not contacted, 1 removed
activate d1
    active: d1
    queued: d1
d1 fails download
    accepted: d1
    failed download, retry in 1 h: d1
    alert spring-failure_rate: 1 of 2 outcomes failed
    = spring rolling, full: outcomes 1 of 2 needed | 1 updated, 1 failed, 1 removed
