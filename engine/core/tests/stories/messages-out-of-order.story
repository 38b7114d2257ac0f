# Every message has a number: a repeated one is known already, an earlier one tells nothing new, one from an earlier boot
# is refused, and a number with other content means that two devices share a name.
fleet 2 sensor_v2 running 1.0.0
    d1 to d2
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 50%
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 2 devices
    phase full started, up to device 2
    queued: d1 d2
    = spring rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
d1 accepts
    accepted: d1
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 1 in progress, 1 not contacted
d1 repeats
    d1: known already
d1 is downloading 50%
d1 looks back
    d1: known already
d1 contradicts
    d1: refused, sequence_conflict: message 3 of epoch 1 was another one before
d1 loses epoch
    d1: refused, epoch_regressed: boot epoch 0 after 1
show d1
    active, runs 1.0.0, spring attempt 1 InProgress downloading 50 %
    job topic: install 2.0.0 from whole image, good for 1 d 4 h
d1 succeeds
    succeeded: d1
    = spring rolling, full: acceptances 1 of 2 needed to judge by | 1 updated, 1 not contacted
d1 repeats
    d1: known already
