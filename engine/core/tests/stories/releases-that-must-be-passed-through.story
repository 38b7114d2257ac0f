# 3.0.0 may only be installed on 2.x: who runs 1.x passes through the newest release that leads there, in one execution.
fleet 2 sensor_v2 running 1.0.0
fleet 1 sensor_v2 running 2.0.0
release 1.0.0
release 2.0.0
release 2.1.0
release 3.0.0 requires >=2.0.0
release 3.1.0 requires >=3.0.0
release 4.0.0 requires >=3.0.0,<4
fleet 1 sensor_v2
campaign spring of 4.0.0 phases full 100% 1h; max_retries 1 with {"gates": {"confident": false, "threshold": false}}
start spring
wait 10m
show d1
explain d1 in spring
all accept
all succeed
show d1
show d3
status spring
# A failure on the way is the execution's failure; each step has its own retries.
d2 accept
d2 fail installation
explain d2 in spring
wait 1h
d2 accept
d2 succeed
all accept
all succeed
status spring
show d3
# The one that nobody knew has said now what it runs.
d4 greet
d1 accept
d1 succeed
d2 accept
d2 fail installation
wait 1h
d2 accept
d2 fail installation
status spring
cancel spring
d3 accept
