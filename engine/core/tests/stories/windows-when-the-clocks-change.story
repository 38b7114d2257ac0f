# Berlin skips 02:00 to 03:00 on 29 March 2026 and New York on 8 March: a window at 02:30 opens an hour later, at 03:30. Its duration is one of hours that pass.
fleet 1 sensor_v2 running 1.0.0 zone=Europe/Berlin
fleet 1 sensor_v2 running 1.0.0 zone=America/New_York
release 2.0.0
campaign spring phases full 100% 1h 90%; deadline 366d, contact 300d, execution 365d with {"maintenance_windows": {"start": "02:30", "duration_hours": 3}}
wait until 2026-03-07T12:00:00Z
start spring
d1 d2 accept
wait until 2026-03-08T12:00:00Z
d1 d2 are installing
wait until 2026-03-28T12:00:00Z
d1 d2 are installing
wait until 2026-03-29T12:00:00Z
d1 d2 are installing
# In autumn an hour is shown twice, on 25 October in Berlin and on 1 November in New York: the window opens when the clock shows its time first.
wait until 2026-10-24T12:00:00Z
d1 d2 are installing
wait until 2026-10-25T12:00:00Z
d1 d2 are installing
wait until 2026-10-31T12:00:00Z
d1 d2 are installing
