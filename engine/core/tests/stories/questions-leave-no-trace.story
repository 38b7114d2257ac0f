# A viewer may ask why; what it asks for must be there.
fleet 1 sensor_v2 running 1.0.0
    d1 to d1
operator vera viewer
    vera added as viewer
send as vera {"command": "device.explain", "device": "d1"}
    told {"campaigns":[],"device":"d1","lifecycle":"active","model":"sensor_v2"}
send as vera {"command": "device.explain", "device": "d9"}
    refused, unknown_device: d9 is not registered
send as vera {"command": "device.explain", "device": "d1", "campaign": "spring"}
    refused, unknown_campaign: no campaign spring
