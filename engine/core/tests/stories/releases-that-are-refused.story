# A release is an image and a manifest for exactly these bytes, signed by a trusted key, above all before it.
fleet 1 sensor_v2 running 1.0.0
    d1 to d1
release 2.0.0 sequence 7
    release 2.0.0 of sensor_v2 published
release 2.0.0 sequence 8
    refused, release_exists: sensor_v2 2.0.0 has been published; a repair is a new version
release 2.1.0 sequence 8 unsigned
    refused, release_unsigned: the signature does not belong to this content and key
release 2.1.0 sequence 8 by a stranger
    refused, release_unsigned: no trusted key has the id dbc298251c51321b
release 2.1.0 sequence 8 image missing
    refused, image_missing: no complete upload of 3921db24eff8fe7b33ee274af20516565d00c12a5e50954cfbc206dae631417c
release 2.1.0 sequence 8 image edited
    refused, image_mismatch: the uploaded image is not the one that the manifest was signed for
release 2.1.0 sequence 8 made for sensor_v1
    refused, manifest_mismatch: the manifest is not for sensor_v2 of acme.example
release 2.1.0 sequence 8 labelled 2.2.0
    refused, manifest_mismatch: the manifest says fw 2.1.0, the command fw 2.2.0
release 2.1.0 sequence 7
    refused, release_sequence: sequence 7 is not above 7 of 2.0.0
release 2.1.0 sequence 8
    release 2.1.0 of sensor_v2 published
    delta from 2.0.0 to 2.1.0 is to be built
