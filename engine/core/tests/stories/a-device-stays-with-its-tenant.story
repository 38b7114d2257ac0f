# Whom a device belongs to is said at its registration, or else once by itself; it does not get into the campaigns of others.
fleet 2 sensor_v1 running 0.9.0 tenant=acme
    d1 to d2
fleet 1 sensor_v1 running 0.9.0
    d3 to d3
release 1.0.0
    release 1.0.0 of sensor_v1 published
campaign spring phases full 100% 1h with {"membership": "dynamic", "groups": [{"name": "beta", "criteria": {"tenant": "beta"}}]}
    campaign spring created
    = spring draft: not started
start spring
    spring staged
    spring started with 0 devices
    phase full started, up to device 0
    phase full passed
    spring completed
    = spring completed, full | no devices
d1 become tenant=beta
    d1: refused, tenant_mismatch: belongs to acme, says beta
d1 become region=eu
d1 become tenant=beta
    d1: refused, tenant_mismatch: belongs to acme, says beta
show d1
    active, runs 0.9.0
    job topic: empty
# It is given to another one by command, and says so from then on, or nothing.
send {"command": "device.assign", "device": "d1", "tenant": "beta"}
    given to beta: d1
d1 become tenant=acme
    d1: refused, tenant_mismatch: belongs to beta, says acme
d1 become tenant=beta
# One that nobody was told of belongs to the first that it names.
d3 become tenant=beta
d3 become tenant=acme
    d3: refused, tenant_mismatch: belongs to beta, says acme
send {"command": "device.assign", "device": "d9", "tenant": "beta"}
    refused, unknown_device: d9 is not registered
retire d2
    retired: d2
send {"command": "device.assign", "device": "d2", "tenant": "beta"}
    refused, invalid_transition: d2 has been retired, or belongs to beta already
