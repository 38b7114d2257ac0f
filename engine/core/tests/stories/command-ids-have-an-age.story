# An id that is a ULID says when the command was made. Older than answers are kept, it is refused. So is one from the
# future, whose answer would be forgotten while it still passes for new; five minutes are left to clocks that differ. The
# story begins on 2026-01-01 at 00:00, and the ids below are of 2025-12-24 23:59 and 2025-12-25 00:00, and of 00:06 and
# 00:05 on the day itself.
fleet 1 sensor_v2 running 1.0.0
    d1 to d1
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases full 100% 1h 95%
    campaign spring created
    = spring draft: not started
start spring id 01KD9CTED0ZZZZZZZZZZZZZZZZ
    refused, stale_command: the command's id is older than seven days; give it a new one if it is still wanted
start spring id 01KD9CW900ZZZZZZZZZZZZZZZZ
    spring staged
    spring started with 1 device
    phase full started, up to device 1
    queued: d1
    = spring rolling, full: acceptances 0 of 1 needed to judge by | 1 not contacted
pause spring id 01KDVE09J0ZZZZZZZZZZZZZZZZ
    refused, stale_command: the command's id is from the future; set the clock right and give it a new one
pause spring id 01KDVDYEZ0ZZZZZZZZZZZZZZZZ
    spring paused
    = spring paused, full: paused by ann | 1 not contacted
pause spring id 01KDVDYEZ0ZZZZZZZZZZZZZZZZ
    answered before: accepted
