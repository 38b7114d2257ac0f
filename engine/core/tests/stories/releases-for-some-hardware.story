# A release is only for the hardware it names, and nothing leads to one whose conditions no release fulfils.
fleet 1 sensor_v2 running 1.0.0 hardware=1
fleet 1 sensor_v2 running 1.0.0 hardware=2
fleet 1 sensor_v2 running 1.0.0
release 1.0.0
release 2.0.0 hardware 2 hardware 3
release 3.0.0 requires >=2.5
campaign spring of 2.0.0 phases full 100% 1h
start spring
wait 10m
explain d1 in spring
explain d3 in spring
campaign summer of 3.0.0 phases full 100% 1h
cancel spring
start summer
wait 10m
explain d2 in summer
