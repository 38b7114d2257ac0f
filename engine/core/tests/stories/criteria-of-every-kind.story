# Within a key any value will do, of tags all are needed; all keys must hold; what `not` describes stays out.
fleet 1 sensor_v2 running 1.0.0 region=eu tenant=acme tag=a tag=b hardware=2 site=north
    d1 to d1
fleet 1 sensor_v2 running 1.0.0 region=eu tenant=acme tag=a hardware=2 site=north
    d2 to d2
fleet 1 sensor_v2 running 1.0.0 region=us tenant=acme tag=a tag=b hardware=2 site=north
    d3 to d3
fleet 1 sensor_v2 running 1.0.0 region=eu tenant=acme tag=a tag=b hardware=1 site=north
    d4 to d4
fleet 1 sensor_v2 running 1.0.0 region=eu tenant=acme tag=a tag=b hardware=2 site=south
    d5 to d5
fleet 1 sensor_v2 running 0.9.0 region=eu tenant=acme tag=a tag=b hardware=2 site=north
    d6 to d6
fleet 1 sensor_v2 running one region=eu tenant=acme tag=a tag=b hardware=2 site=north
    d7 to d7
fleet 1 sensor_v2 running 1.0.0 region=eu tenant=acme tag=a tag=b tag=frail hardware=2 site=north
    d8 to d8
fleet 1 sensor_v2 running 1.2.0 region=de tenant=other tag=b tag=a hardware=2.1 site=north
    d9 to d9
fleet 1 sensor_v2
    d10 to d10
release 2.0.0
    release 2.0.0 of sensor_v2 published
campaign all-keys phases full 100% 1h with {"groups": [{"name": "chosen", "criteria": {"device_type": "sensor_v2", "hardware_revision": ["2", "2.1"], "region": ["eu", "de"], "version": ">=1, <2", "tenant": "*", "tags": ["a", "b"], "attributes": {"site": "north"}, "not": {"tags": "frail"}}}]}
    campaign all-keys created
    = all-keys draft: not started
start all-keys
    all-keys staged
    all-keys started with 2 devices
    phase full started, up to device 2
    queued: d1 d9
    = all-keys rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
cancel all-keys
    all-keys canceled
    canceled: d1 d9
    = all-keys canceled, full: canceled by ann | 2 removed
campaign by-name phases full 100% 1h with {"groups": [{"name": "chosen", "criteria": {"devices": ["d1", "d10", "d99"]}}]}
    campaign by-name created
    = by-name draft: not started
start by-name
    by-name staged
    by-name started with 2 devices
    phase full started, up to device 2
    by-name: queued: d1 d10
    = by-name rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
cancel by-name
    by-name canceled
    by-name: canceled: d1 d10
    = by-name canceled, full: canceled by ann | 2 removed
campaign everyone-else phases full 100% 1h with {"groups": [{"name": "chosen", "criteria": {"not": {"region": ["eu", "us"]}}}]}
    campaign everyone-else created
    = everyone-else draft: not started
start everyone-else
    everyone-else staged
    everyone-else started with 2 devices
    phase full started, up to device 2
    everyone-else: queued: d9 d10
    = everyone-else rolling, full: acceptances 0 of 2 needed to judge by | 2 not contacted
