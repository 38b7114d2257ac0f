# A way back is verified as a release is: devices obey it without asking again.
fleet 1 sensor_v2 running 1.0.0
    d1 to d1
release 1.0.0 sequence 10
    release 1.0.0 of sensor_v2 published
release 1.5.0 sequence 20 back to 1.0.0
    release 1.5.0 of sensor_v2 published
    way back from 1.5.0 to 1.0.0
    delta from 1.0.0 to 1.5.0 is to be built
release 2.0.0 sequence 21
    refused, release_sequence: sequence 21 is not above 21 of the ways back from 1.5.0
release 2.0.0 sequence 30 back to 0.9.0
    refused, unknown_release: no release sensor_v2 0.9.0 to go back to
release 2.0.0 sequence 30 back to 1.5.0 ways unsigned
    refused, release_unsigned: no trusted key has the id dbc298251c51321b
release 2.0.0 sequence 30 back to 1.5.0 ways below
    refused, release_sequence: the way back to 1.5.0 has sequence 29: each has one of its own from 31 to 39
release 2.0.0 sequence 30 back to 1.5.0 back to 1.0.0 ways alike
    refused, release_sequence: the way back to 1.0.0 has sequence 31: each has one of its own from 31 to 39
release 2.0.0 sequence 30 back to 1.5.0 back to 1.5.0
    refused, release_sequence: the way back to 1.5.0 has sequence 32: each has one of its own from 31 to 39
release 2.0.0 sequence 30 back to 1.5.0 ways mislabelled
    refused, manifest_mismatch: the manifest says fw 2.0.0, the command fw 1.5.0
release 2.0.0 sequence 30 back to 1.5.0 ways edited
    refused, image_mismatch: the way back to 1.5.0 was signed for another image
release 2.0.0 sequence 30 back to 1.5.0 back to 1.0.0
    release 2.0.0 of sensor_v2 published
    way back from 2.0.0 to 1.5.0
    way back from 2.0.0 to 1.0.0
    delta from 1.5.0 to 2.0.0 is to be built
    delta from 1.0.0 to 2.0.0 is to be built
