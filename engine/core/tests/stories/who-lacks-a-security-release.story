# Which devices lack a security release, since when, and why.
fleet 3 sensor_v2 running 1.0.0
    d1 to d3
fleet 1 sensor_v2
    d4 to d4
release 1.0.0
    release 1.0.0 of sensor_v2 published
release 1.1.0 security repairs CVE-2026-1
    release 1.1.0 of sensor_v2 published
    delta from 1.0.0 to 1.1.0 is to be built
wait 1h
fleet 1 sensor_v2 running 1.0.0
    d5 to d5
release 1.2.0 security
    release 1.2.0 of sensor_v2 published
    delta from 1.1.0 to 1.2.0 is to be built
    delta from 1.0.0 to 1.2.0 is to be built
release 2.0.0
    release 2.0.0 of sensor_v2 published
    delta from 1.2.0 to 2.0.0 is to be built
    delta from 1.1.0 to 2.0.0 is to be built
    delta from 1.0.0 to 2.0.0 is to be built
delta 1.1.0 from 1.0.0 useless
    delta from 1.0.0 to 1.1.0 is not to be had
delta 1.2.0 from 1.1.0 useless
    delta from 1.1.0 to 1.2.0 is not to be had
delta 1.2.0 from 1.0.0 useless
    delta from 1.0.0 to 1.2.0 is not to be had
delta 2.0.0 from 1.2.0 useless
    delta from 1.2.0 to 2.0.0 is not to be had
delta 2.0.0 from 1.1.0 useless
    delta from 1.1.0 to 2.0.0 is not to be had
delta 2.0.0 from 1.0.0 useless
    delta from 1.0.0 to 2.0.0 is not to be had
send {"command": "fleet.compliance", "limit": 1}
    told {"devices":1,"lacking":[{"device":"d1","lacks":["1.1.0","1.2.0"],"last_seen_ms":1767225600000,"model":"sensor_v2","running":"1.0.0","since_ms":1767225600000,"why":[{"reason":"no_campaign","text":"no campaign that brings it has come to this device"}]}],"next":1,"releases":[{"advisories":["CVE-2026-1"],"have":0,"lack":1,"model":"sensor_v2","published_ms":1767225600000,"version":"1.1.0"},{"advisories":[],"have":0,"lack":1,"model":"sensor_v2","published_ms":1767229200000,"version":"1.2.0"}]}
campaign spring of 2.0.0 phases canary 20% 1h, full 100% 1h
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 5 devices
    phase canary started, up to device 1
    queued: d1
    = spring rolling, canary: acceptances 0 of 1 needed to judge by | 5 not contacted
send {"command": "fleet.compliance", "from": 1, "limit": 2}
    told {"devices":2,"lacking":[{"campaign":"spring","device":"d2","lacks":["1.1.0","1.2.0"],"last_seen_ms":1767225600000,"model":"sensor_v2","running":"1.0.0","since_ms":1767225600000,"why":[{"position":48,"reason":"phase_not_reached","text":"phase full comes after canary, which runs"},{"reason":"campaign_waits","text":"the campaign waits: acceptances 0 of 1 needed to judge by"}]},{"campaign":"spring","device":"d3","lacks":["1.1.0","1.2.0"],"last_seen_ms":1767225600000,"model":"sensor_v2","running":"1.0.0","since_ms":1767225600000,"why":[{"position":48,"reason":"phase_not_reached","text":"phase full comes after canary, which runs"},{"reason":"campaign_waits","text":"the campaign waits: acceptances 0 of 1 needed to judge by"}]}],"next":3,"releases":[{"advisories":["CVE-2026-1"],"have":0,"lack":2,"model":"sensor_v2","published_ms":1767225600000,"version":"1.1.0"},{"advisories":[],"have":0,"lack":2,"model":"sensor_v2","published_ms":1767229200000,"version":"1.2.0"}]}
all accept
    accepted: d1
    = spring rolling, canary: outcomes 0 of 1 needed | 1 in progress, 4 not contacted
all succeed
    succeeded: d1
    = spring rolling, canary: soaking for 1 h more | 1 updated, 4 not contacted
send {"command": "fleet.compliance"}
    told {"devices":5,"lacking":[{"campaign":"spring","device":"d2","lacks":["1.1.0","1.2.0"],"last_seen_ms":1767225600000,"model":"sensor_v2","running":"1.0.0","since_ms":1767225600000,"why":[{"position":48,"reason":"phase_not_reached","text":"phase full comes after canary, which runs"},{"reason":"campaign_waits","text":"the campaign waits: soaking for 1 h more","until_ms":1767232800000}]},{"campaign":"spring","device":"d3","lacks":["1.1.0","1.2.0"],"last_seen_ms":1767225600000,"model":"sensor_v2","running":"1.0.0","since_ms":1767225600000,"why":[{"position":48,"reason":"phase_not_reached","text":"phase full comes after canary, which runs"},{"reason":"campaign_waits","text":"the campaign waits: soaking for 1 h more","until_ms":1767232800000}]},{"campaign":"spring","device":"d4","lacks":["1.1.0","1.2.0"],"model":"sensor_v2","since_ms":1767225600000,"why":[{"position":48,"reason":"phase_not_reached","text":"phase full comes after canary, which runs"},{"reason":"campaign_waits","text":"the campaign waits: soaking for 1 h more","until_ms":1767232800000},{"reason":"never_heard_of","text":"it has never been heard of"}]},{"campaign":"spring","device":"d5","lacks":["1.1.0","1.2.0"],"last_seen_ms":1767229200000,"model":"sensor_v2","running":"1.0.0","since_ms":1767229200000,"why":[{"position":48,"reason":"phase_not_reached","text":"phase full comes after canary, which runs"},{"reason":"campaign_waits","text":"the campaign waits: soaking for 1 h more","until_ms":1767232800000}]}],"releases":[{"advisories":["CVE-2026-1"],"have":1,"lack":4,"model":"sensor_v2","published_ms":1767225600000,"version":"1.1.0"},{"advisories":[],"have":1,"lack":4,"model":"sensor_v2","published_ms":1767229200000,"version":"1.2.0"}]}
release 2.1.0 repairs CVE-2026-2
    refused, malformed: advisories: only a security release has any; say "security": true
