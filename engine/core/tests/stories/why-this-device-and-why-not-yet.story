# An explanation names the group or every criterion that fails, the place in line and what is waited for, each with the
# log position of the fact that it follows from.
fleet 1 gateway_v1 running 1.0.0 region=eu
    d1 to d1
fleet 2 sensor_v2 running 1.0.0 region=us tag=beta
    d2 to d3
fleet 8 sensor_v2 running 1.0.0 region=eu
    d4 to d11
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign spring phases canary 25% 1h 100%, full 100% 1h; max_retries 1, contact 2h, failure_threshold 60 with {"groups": [{"name": "europe", "criteria": {"region": "eu"}}, {"name": "picked", "rollout_order": 2, "criteria": {"tags": "test", "version": ">=1.1"}}]}
    campaign spring created
    = spring draft: not started
explain d4
    no campaign wants it
explain d4 in spring
    spring draft: would_join
    - fits_group: it fits group europe [52]
    - campaign_draft: nobody has started the campaign [52]
start spring
    spring staged
    spring started with 8 devices
    phase canary started, up to device 2
    queued: d8 d9
    = spring rolling, canary: acceptances 0 of 2 needed to judge by | 8 not contacted
# Canaries are asked to now; the others wait for the phase.
explain d1 in spring
    spring rolling: not_a_member
    - no_release: the campaign has no release for gateway_v1 [52]
explain d2 in spring
    spring rolling: not_a_member
    - criterion_fails: group europe: region is us, not eu [52]
    - criterion_fails: group picked: version is 1.0.0, not >=1.1 [52]
    - criterion_fails: group picked: tags: test missing [52]
explain d4 in spring
    spring rolling: waiting in full of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 7 of 8; phase full reaches to number 8, which is 100 %
    - phase_not_reached: phase full comes after canary, which runs [56]
    - campaign_waits: the campaign waits: acceptances 0 of 2 needed to judge by
explain d5 in spring
    spring rolling: waiting in full of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 5 of 8; phase full reaches to number 8, which is 100 %
    - phase_not_reached: phase full comes after canary, which runs [56]
    - campaign_waits: the campaign waits: acceptances 0 of 2 needed to judge by
1 of canary accept
    accepted: d9
    = spring rolling, canary: acceptances 1 of 2 needed to judge by | 1 in progress, 7 not contacted
explain d9 in spring
    spring rolling: in_progress in canary of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 1 of 8; phase canary reaches to number 2, which is 25 %
    - in_progress: it is at attempt 1, downloading; without an outcome it counts as lost_contact, 4 h to go [60]
explain d8 in spring
    spring rolling: queued in canary of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 2 of 8; phase canary reaches to number 2, which is 25 %
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 2 h to go [58]
    - last_heard: it was last heard of 0 ms ago
exclude spring device d4 because it is being repaired
    excluded: d4
    = spring rolling, canary: acceptances 1 of 2 needed to judge by | 1 in progress, 6 not contacted, 1 removed
explain d4 in spring
    spring rolling: removed in full of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 7 of 8; phase full reaches to number 8, which is 100 %
    - excluded: ann took it out [62]
d9 fail self_test restored
    failed self_test and went back, retry in 1 h: d9
    spring paused
    alert spring-paused: paused by itself, 1 exposed
    = spring paused, canary: 1 of 1 first attempts failed: more than the normal 2 % with confidence 95 % | 1 failed (1 rolled back), 6 not contacted, 1 removed
explain d9 in spring
    spring paused: retrying in canary of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 1 of 8; phase canary reaches to number 2, which is 25 %
    - attempt_failed: an attempt has failed: self_test (story): as told
    - retry_at: attempt 2 is due in 1 h, 1 h to go [64]
    - campaign_paused: the campaign is paused: 1 of 1 first attempts failed: more than the normal 2 % with confidence 95 % [65]
pause spring because lunch
    refused, invalid_transition: spring is paused and cannot be paused
explain d8 in spring
    spring paused: queued in canary of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 2 of 8; phase canary reaches to number 2, which is 25 %
    - queued: its turn has come: the job of attempt 1 is on its topic since then, and is withdrawn if it is not accepted, 2 h to go [58]
    - hidden: the job is hidden from it meanwhile
    - campaign_paused: the campaign is paused: 1 of 1 first attempts failed: more than the normal 2 % with confidence 95 % [65]
    - last_heard: it was last heard of 0 ms ago
explain d5 in spring
    spring paused: waiting in full of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 5 of 8; phase full reaches to number 8, which is 100 %
    - campaign_paused: the campaign is paused: 1 of 1 first attempts failed: more than the normal 2 % with confidence 95 % [65]
explain d9 in spring
    spring paused: retrying in canary of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 1 of 8; phase canary reaches to number 2, which is 25 %
    - attempt_failed: an attempt has failed: self_test (story): as told
    - retry_at: attempt 2 is due in 1 h, 1 h to go [64]
    - campaign_paused: the campaign is paused: 1 of 1 first attempts failed: more than the normal 2 % with confidence 95 % [65]
resume spring
    spring resumed
    = spring rolling, canary: acceptances 1 of 2 needed to judge by | 1 failed (1 rolled back), 6 not contacted, 1 removed
wait 2h
    -- day 0, 00:05
    alert spring-paused is over
    -- day 0, 01:00
    queued, attempt 2: d9
    -- day 0, 02:00
    removed, not contacted: d8
    = spring rolling, canary: outcomes 0 of 1 needed | 1 failed (1 rolled back), 5 not contacted, 2 removed
explain d8 in spring
    spring rolling: removed in canary of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 2 of 8; phase canary reaches to number 2, which is 25 %
    - not_contacted: it did not take its job in time, and counts neither way [72]
all accept
    accepted: d9
all fail self_test restored
    failed self_test and went back, no attempt left: d9
    phase canary passed
    phase full started, up to device 8
    queued: d5 d6 d7 d10 d11
    = spring rolling, full: acceptances 1 of 6 needed to judge by | 1 failed (1 rolled back), 5 not contacted, 2 removed
explain d9 in spring
    spring rolling: failed in canary of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 1 of 8; phase canary reaches to number 2, which is 25 %
    - attempt_failed: an attempt has failed: self_test (story): as told [76]
    - no_retry_left: no further attempt is left for it [76]
advance spring
    refused, invalid_transition: spring is in its last phase: there is none to advance to
d5 accept
    accepted: d5
    = spring rolling, full: acceptances 2 of 6 needed to judge by | 1 failed (1 rolled back), 1 in progress, 4 not contacted, 2 removed
d5 succeed
    succeeded: d5
    = spring rolling, full: acceptances 2 of 6 needed to judge by | 1 updated, 1 failed (1 rolled back), 4 not contacted, 2 removed
explain d5 in spring
    spring rolling: updated in full of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 5 of 8; phase full reaches to number 8, which is 100 %
    - updated: it runs the target [88]
cancel spring
    spring canceled
    canceled: d6 d7 d10 d11
    = spring canceled, full: canceled by ann | 1 updated, 1 failed (1 rolled back), 6 removed
explain d6 in spring
    spring canceled: canceled in full of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 8 of 8; phase full reaches to number 8, which is 100 %
    - canceled: its job was withdrawn with the campaign [94]
explain d6
    spring canceled: canceled in full of europe
    - fits_group: it fitted group europe when the campaign started [55]
    - in_phase: by rank it is number 8 of 8; phase full reaches to number 8, which is 100 %
    - canceled: its job was withdrawn with the campaign [94]
