# An operator has one device updated, outside the campaigns of its fleet; what becomes of it is its own affair.
fleet 3 sensor_v2 running 1.0.0
operator vera viewer
release 1.0.0
release 2.0.0
delta 2.0.0 from 1.0.0 useless
campaign spring of 2.0.0 phases full 100% 1h
send {"command": "device.update", "device": "d2", "version": "2.0.0", "reason": "cannot wait"}
explain d2
start spring
explain d2
d2 accept
d2 succeed
explain d2
# Others may not, and what cannot be is refused.
send as vera {"command": "device.update", "device": "d1", "version": "2.0.0"}
send {"command": "device.update", "device": "d9", "version": "2.0.0"}
send {"command": "device.update", "device": "d1", "version": "3.0.0"}
send {"command": "device.update", "device": "d2", "version": "1.0.0"}
retire d3
send {"command": "device.update", "device": "d3", "version": "2.0.0"}
# A job that is there stays, though. What the device declines is the end of it.
send {"command": "device.update", "device": "d1", "version": "2.0.0"}
explain d1
cancel spring
d1 reject
explain d1
