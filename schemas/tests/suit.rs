//! What a device believes about firmware, and every way we know of making it believe something else.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::cell::Cell;

use ciborium::Value;
use ed25519_dalek::{Signer, SigningKey};
use fleetfold_schemas::{
    ModelId, Name, Sha256, Version,
    cose::{self, KeyId, TrustedKeys},
    suit::{self, ENVELOPE_BYTES_MAX, Manifest, SuitError, Target, VerifiedManifest},
};
use suit_validator::suit_manifest::{SuitEnvelope, SuitManifest};

const GOLDEN: &str = include_str!("vectors/release-70.suit.hex");

fn release_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A key the device trusts as well, but for jobs.
fn job_key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn trusted() -> TrustedKeys {
    TrustedKeys::from_iter([release_key().verifying_key()])
}

fn model(name: &str) -> ModelId {
    ModelId::parse(name).unwrap()
}

fn release_70() -> Manifest {
    let vendor_id = suit::vendor_id("acme.example");
    Manifest {
        sequence: 70,
        vendor_id,
        class_id: suit::class_id(vendor_id, &model("sensor-a")),
        component: Name::parse(suit::FIRMWARE).unwrap(),
        image_sha256: Sha256::of(b"firmware 1.4.0"),
        image_size_bytes: 14,
        version: Version::parse("1.4.0").unwrap(),
        uri: String::from("fleetfold:image"),
    }
}

fn target() -> Target<'static> {
    let vendor_id = suit::vendor_id("acme.example");
    Target {
        vendor_id,
        class_id: suit::class_id(vendor_id, &model("sensor-a")),
        component: suit::FIRMWARE,
        installed_sequence: 60,
    }
}

fn envelope() -> Vec<u8> {
    release_70().sign(&release_key())
}

fn verify(envelope: &[u8]) -> Result<VerifiedManifest, SuitError> {
    suit::verify(envelope, &trusted())
}

fn refusal(envelope: &[u8]) -> &'static str {
    verify(envelope).expect_err("must be refused").code()
}

// A second encoder, so that what we refuse does not depend on what our own writer can say.

fn parse(bytes: &[u8]) -> Value {
    ciborium::from_reader(bytes).unwrap()
}

fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn items(value: &mut Value) -> &mut Vec<Value> {
    match value {
        Value::Array(items) => items,
        other => panic!("{other:?} is no array"),
    }
}

fn entries(value: &mut Value) -> &mut Vec<(Value, Value)> {
    match value {
        Value::Map(entries) => entries,
        other => panic!("{other:?} is no map"),
    }
}

fn field(value: &mut Value, key: i64) -> &mut Value {
    let found = entries(value)
        .iter_mut()
        .find(|(k, _)| *k == Value::from(key));
    &mut found.expect("the key is there").1
}

/// Edits CBOR within a byte string.
fn within(value: &mut Value, edit: impl FnOnce(&mut Value)) {
    let Value::Bytes(bytes) = value else {
        panic!("{value:?} is no byte string")
    };
    let mut inner = parse(bytes);
    edit(&mut inner);
    *bytes = encode(&inner);
}

fn edited(edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let Value::Tag(107, mut envelope) = parse(&envelope()) else {
        panic!("the tag is 107")
    };
    edit(&mut envelope);
    encode(&Value::Tag(107, envelope))
}

/// An envelope whose manifest was edited before the release key signed it: what a careless or newer tool would make.
fn signed_with(edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    edited(|envelope| {
        within(field(envelope, 3), edit);
        let manifest = encode(field(envelope, 3));
        let digest = encode(&Value::Array(vec![
            Value::from(-16),
            Value::Bytes(Sha256::of(&manifest).0.to_vec()),
        ]));
        let sign1 = cose::sign_detached(&digest, b"", &release_key());
        within(field(envelope, 2), |wrapper| {
            *wrapper = Value::Array(vec![Value::Bytes(digest), Value::Bytes(sign1)]);
        });
    })
}

fn signed_with_shared(edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    signed_with(|manifest| {
        within(field(manifest, 3), |common| within(field(common, 4), edit));
    })
}

/// An envelope whose header and signature are made by hand.
fn with_header(header: &[(i64, Value)], key: &SigningKey) -> Vec<u8> {
    edited(|envelope| {
        within(field(envelope, 2), |wrapper| {
            let digest = items(wrapper)[0].clone();
            let header = header.iter().map(|(k, v)| (Value::from(*k), v.clone()));
            let protected = Value::Bytes(encode(&Value::Map(header.collect())));
            let to_be_signed = encode(&Value::Array(vec![
                Value::from("Signature1"),
                protected.clone(),
                Value::Bytes(vec![]),
                digest,
            ]));
            let signature = key.sign(&to_be_signed).to_bytes().to_vec();
            items(wrapper)[1] = Value::Bytes(encode(&Value::Tag(
                18,
                Box::new(Value::Array(vec![
                    protected,
                    Value::Map(vec![]),
                    Value::Null,
                    Value::Bytes(signature),
                ])),
            )));
        });
    })
}

fn kid(key: &SigningKey) -> Value {
    Value::Bytes(KeyId::of(&key.verifying_key()).0.to_vec())
}

#[test]
fn a_signed_release_verifies_to_what_was_signed() {
    let verified = verify(&envelope()).unwrap();
    assert_eq!(verified.manifest(), &release_70());
    assert_eq!(verified.signer(), KeyId::of(&release_key().verifying_key()));
    verified.check_for(&target()).unwrap();
}

#[test]
fn the_bytes_of_an_envelope_never_change() {
    assert_eq!(
        hex::encode(envelope()),
        GOLDEN.trim(),
        "devices in the field hold envelopes like the golden one"
    );
}

#[test]
fn a_verifier_by_others_accepts_the_envelope_and_refuses_any_edited_byte() {
    use cose_minicbor::cose_keys::{CoseAlg, CoseKey, CoseKeySetBuilder, Curve, KeyOp, KeyType};
    use suit_validator::{crypto::CoseCrypto, handler::GenericStartHandler, suit_decode};

    let public_key = release_key().verifying_key();
    let kid = KeyId::of(&public_key);
    let mut key = CoseKey::new(KeyType::Okp);
    key.alg(CoseAlg::ED25519);
    key.crv(Curve::Ed25519).unwrap();
    key.x(public_key.as_bytes()).unwrap();
    key.kid(&kid.0);
    key.key_op(KeyOp::Verify);
    let mut keys = CoseKeySetBuilder::<128>::try_new().unwrap();
    keys.push_key(key).unwrap();
    let keys = keys.into_bytes().unwrap();

    let sequence = Cell::new(None);
    let accepts = |envelope: &[u8]| {
        let mut handler = GenericStartHandler {
            on_envelope: |envelope: &SuitEnvelope<'_>| {
                sequence.set(envelope.manifest.get().ok().map(|m| m.sequence_number));
            },
            on_manifest: |_: &SuitManifest<'_>| panic!("a bare manifest must never pass"),
        };
        suit_decode(envelope, &mut handler, &mut CoseCrypto::new(&keys)).is_ok()
    };
    let good = envelope();
    assert!(accepts(&good));
    assert_eq!(sequence.get(), Some(70));
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(!accepts(&bad), "byte {at}");
    }
}

#[test]
fn vendor_and_class_are_the_uuids_any_other_tool_computes() {
    let vendor = suit::vendor_id("acme.example");
    assert_eq!(vendor.to_string(), "0637e301-e05d-505b-8267-486f5677de9b");
    assert_eq!(
        suit::class_id(vendor, &model("sensor-a")).to_string(),
        "e6916539-81c5-5410-9bbc-bb6bdfa5b325"
    );
}

#[test]
fn an_edited_bit_anywhere_is_refused() {
    let good = envelope();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            assert!(verify(&bad).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn an_envelope_cut_short_anywhere_is_refused() {
    let good = envelope();
    for len in 0..good.len() {
        assert_eq!(refusal(&good[..len]), "suit_malformed", "{len} bytes");
    }
}

#[test]
fn bytes_after_the_envelope_are_refused() {
    let mut bad = envelope();
    bad.push(0);
    assert_eq!(refusal(&bad), "suit_malformed");
}

#[test]
fn a_trusted_key_of_another_role_is_unknown_here() {
    assert_eq!(refusal(&release_70().sign(&job_key())), "suit_unknown_key");
}

#[test]
fn borrowing_the_release_keys_id_does_not_help() {
    let header = [(1, Value::from(-19)), (4, kid(&release_key()))];
    assert!(verify(&with_header(&header, &release_key())).is_ok());
    assert_eq!(refusal(&with_header(&header, &job_key())), "suit_signature");
}

#[test]
fn the_older_number_of_the_algorithm_is_accepted_when_it_was_signed() {
    let header = [(1, Value::from(-8)), (4, kid(&release_key()))];
    verify(&with_header(&header, &release_key())).unwrap();
}

#[test]
fn an_algorithm_swapped_after_signing_is_refused() {
    let good = envelope();
    let header = [0xa2, 0x01, 0x32, 0x04, 0x48];
    let at = good.windows(5).position(|bytes| bytes == header).unwrap();
    let swapped = |algorithm| {
        let mut bad = good.clone();
        bad[at + 2] = algorithm;
        refusal(&bad)
    };
    assert_eq!(swapped(0x27), "suit_signature", "EdDSA");
    assert_eq!(swapped(0x26), "suit_unsupported", "ES256");
    assert_eq!(
        swapped(0x05),
        "suit_unsupported",
        "HMAC with the public key"
    );
    assert_eq!(swapped(0x00), "suit_unsupported", "reserved, none");
}

#[test]
fn a_header_with_anything_else_in_it_is_refused_though_signed() {
    let key = release_key();
    let refused = |header: &[(i64, Value)]| refusal(&with_header(header, &key));
    let (algorithm, kid) = (Value::from(-19), kid(&key));
    let critical = Value::Array(vec![Value::from(99)]);
    assert_eq!(
        refused(&[(1, algorithm.clone()), (2, critical), (4, kid.clone()),]),
        "suit_unsupported"
    );
    assert_eq!(
        refused(&[(1, algorithm.clone()), (4, kid.clone()), (-1, Value::Null)]),
        "suit_unsupported"
    );
    assert_eq!(refused(&[(1, algorithm)]), "suit_malformed");
    assert_eq!(refused(&[(4, kid)]), "suit_malformed");
    assert_eq!(refused(&[]), "suit_malformed");
}

#[test]
fn an_unprotected_header_is_refused() {
    let bad = edited(|envelope| {
        within(field(envelope, 2), |wrapper| {
            within(&mut items(wrapper)[1], |sign1| {
                let Value::Tag(18, sign1) = sign1 else {
                    panic!("the tag is 18")
                };
                items(sign1)[1] = Value::Map(vec![(Value::from(4), kid(&release_key()))]);
            });
        });
    });
    assert_eq!(refusal(&bad), "suit_unsupported");
}

#[test]
fn a_manifest_of_another_release_does_not_fit_the_signature() {
    let other = Manifest {
        sequence: 71,
        ..release_70()
    };
    let Value::Tag(_, mut other) = parse(&other.sign(&release_key())) else {
        panic!("the tag is 107")
    };
    let bad = edited(|envelope| *field(envelope, 3) = field(&mut other, 3).clone());
    assert_eq!(refusal(&bad), "suit_digest");
}

#[test]
fn a_digest_over_the_manifest_without_its_header_is_refused() {
    let bad = edited(|envelope| {
        let Value::Bytes(manifest) = field(envelope, 3).clone() else {
            panic!("the manifest is a byte string")
        };
        let digest = encode(&Value::Array(vec![
            Value::from(-16),
            Value::Bytes(Sha256::of(&manifest).0.to_vec()),
        ]));
        let sign1 = cose::sign_detached(&digest, b"", &release_key());
        within(field(envelope, 2), |wrapper| {
            *wrapper = Value::Array(vec![Value::Bytes(digest), Value::Bytes(sign1)]);
        });
    });
    assert_eq!(refusal(&bad), "suit_digest");
}

#[test]
fn a_job_signature_does_not_serve_as_a_release_signature() {
    let bad = edited(|envelope| {
        within(field(envelope, 2), |wrapper| {
            let Value::Bytes(digest) = items(wrapper)[0].clone() else {
                panic!("the digest is a byte string")
            };
            let sign1 = cose::sign_detached(&digest, b"fleetfold-job-v1", &release_key());
            items(wrapper)[1] = Value::Bytes(sign1);
        });
    });
    assert_eq!(refusal(&bad), "suit_signature");
}

#[test]
fn an_envelope_may_carry_the_signatures_of_the_old_and_the_new_key() {
    let with = |signers: &[SigningKey]| {
        edited(|envelope| {
            within(field(envelope, 2), |wrapper| {
                let Value::Bytes(digest) = items(wrapper)[0].clone() else {
                    panic!("the digest is a byte string")
                };
                items(wrapper).truncate(1);
                for key in signers {
                    let sign1 = cose::sign_detached(&digest, b"", key);
                    items(wrapper).push(Value::Bytes(sign1));
                }
            });
        })
    };
    let signer = KeyId::of(&release_key().verifying_key());
    for signers in [[job_key(), release_key()], [release_key(), job_key()]] {
        assert_eq!(verify(&with(&signers)).unwrap().signer(), signer);
    }
    assert_eq!(refusal(&with(&[job_key(), job_key()])), "suit_unknown_key");
    assert_eq!(refusal(&with(&[])), "suit_malformed");
    assert!(
        verify(&with(
            &[const { [7; 32] }; 4].map(|seed| SigningKey::from_bytes(&seed))
        ))
        .is_ok()
    );
    let five = [[7; 32]; 5].map(|seed| SigningKey::from_bytes(&seed));
    assert_eq!(refusal(&with(&five)), "suit_malformed");
}

#[test]
fn a_signed_command_outside_the_profile_is_refused() {
    for command in [23, 22, 14, 12, 15, 32, -300] {
        let bad = signed_with_shared(|shared| {
            items(shared).extend([Value::from(command), Value::from(2)]);
        });
        assert_eq!(refusal(&bad), "suit_unsupported", "appended {command}");

        let bad = signed_with_shared(|shared| items(shared)[4] = Value::from(command));
        assert_eq!(refusal(&bad), "suit_unsupported", "condition {command}");
        for sequence in [7, 20] {
            let bad = signed_with(|manifest| {
                within(field(manifest, sequence), |commands| {
                    let last = items(commands).len() - 2;
                    items(commands)[last] = Value::from(command);
                });
            });
            assert_eq!(refusal(&bad), "suit_unsupported", "{command} in {sequence}");
        }
    }
}

#[test]
fn a_release_that_forgets_to_check_the_class_is_refused() {
    let bad = signed_with_shared(|shared| items(shared).truncate(4));
    assert_eq!(refusal(&bad), "suit_unsupported");
}

#[test]
fn a_release_that_forgets_to_check_the_image_is_refused() {
    let bad = signed_with(|manifest| within(field(manifest, 7), |seq| items(seq).clear()));
    assert_eq!(refusal(&bad), "suit_unsupported");
    let bad = signed_with(|manifest| within(field(manifest, 20), |seq| items(seq).truncate(4)));
    assert_eq!(refusal(&bad), "suit_unsupported");
}

#[test]
fn an_unknown_parameter_is_refused_and_a_custom_one_ignored() {
    let with = |at: usize, key: i64, value: Value| {
        signed_with_shared(|shared| {
            entries(&mut items(shared)[1]).insert(at, (Value::from(key), value));
        })
    };
    assert_eq!(
        refusal(&with(4, 24, Value::Bytes(vec![0; 16]))),
        "suit_unsupported"
    );
    assert_eq!(refusal(&with(3, 5, Value::from(1))), "suit_unsupported");
    verify(&with(4, -1, Value::from("ours"))).unwrap();
    verify(&with(5, -300, Value::from(true))).unwrap();
    // In the order of another encoder.
    assert_eq!(refusal(&with(0, -1, Value::from(1))), "suit_malformed");
}

#[test]
fn unknown_keys_of_envelope_manifest_and_common_are_refused() {
    let extra = || (Value::from(23), Value::Bytes(vec![0]));
    assert_eq!(
        refusal(&edited(|envelope| entries(envelope).push(extra()))),
        "suit_unsupported"
    );
    assert_eq!(
        refusal(&signed_with(|manifest| entries(manifest).push(extra()))),
        "suit_unsupported"
    );
    let bad = signed_with(|manifest| {
        within(field(manifest, 3), |common| entries(common).push(extra()));
    });
    assert_eq!(refusal(&bad), "suit_unsupported");
    let bad = signed_with(|manifest| {
        within(field(manifest, 20), |install| {
            entries(&mut items(install)[1]).push((Value::from(22), Value::from(1)));
        });
    });
    assert_eq!(refusal(&bad), "suit_unsupported");
}

#[test]
fn the_reference_uri_is_optional_and_nothing_depends_on_it() {
    let good = signed_with(|manifest| {
        let uri = Value::from("https://acme.example/releases/70");
        entries(manifest).insert(3, (Value::from(4), uri));
    });
    assert_eq!(verify(&good).unwrap().manifest(), &release_70());
}

#[test]
fn another_manifest_version_component_count_or_digest_is_refused() {
    let bad = signed_with(|manifest| *field(manifest, 1) = Value::from(2));
    assert_eq!(refusal(&bad), "suit_unsupported");
    let bad = signed_with(|manifest| {
        within(field(manifest, 3), |common| {
            let first = items(field(common, 2))[0].clone();
            items(field(common, 2)).push(first);
        });
    });
    assert_eq!(refusal(&bad), "suit_unsupported");
    let bad = signed_with_shared(|shared| {
        within(field(&mut items(shared)[1], 3), |digest| {
            items(digest)[0] = Value::from(-44);
        });
    });
    assert_eq!(refusal(&bad), "suit_unsupported");
}

#[test]
fn a_key_given_twice_is_refused_though_signed() {
    let bad = signed_with_shared(|shared| {
        let parameters = entries(&mut items(shared)[1]);
        let again = parameters[1].clone();
        parameters.insert(1, again);
    });
    assert_eq!(refusal(&bad), "suit_malformed");
}

#[test]
fn an_envelope_of_the_greatest_size_is_accepted_and_one_byte_more_refused() {
    let padded = |len: usize| {
        Manifest {
            uri: "x".repeat(len),
            ..release_70()
        }
        .sign(&release_key())
    };
    let spare = ENVELOPE_BYTES_MAX - padded(8000).len();
    let largest = padded(8000 + spare);
    assert_eq!(largest.len(), ENVELOPE_BYTES_MAX);
    verify(&largest).unwrap();
    assert_eq!(refusal(&padded(8001 + spare)), "suit_malformed");
}

#[test]
fn a_release_for_other_devices_is_refused_with_its_reason() {
    let verified = verify(&envelope()).unwrap();
    let refusal = |target: Target<'_>| verified.check_for(&target).unwrap_err().code();
    let vendor_id = suit::vendor_id("other.example");
    assert_eq!(
        refusal(Target {
            vendor_id,
            ..target()
        }),
        "suit_vendor"
    );
    let class_id = suit::class_id(suit::vendor_id("acme.example"), &model("sensor-b"));
    assert_eq!(
        refusal(Target {
            class_id,
            ..target()
        }),
        "suit_class"
    );
    let component = "radio";
    assert_eq!(
        refusal(Target {
            component,
            ..target()
        }),
        "suit_component"
    );
}

#[test]
fn an_older_release_is_a_downgrade_and_the_same_one_a_repair() {
    let verified = verify(&envelope()).unwrap();
    let with = |installed_sequence| {
        verified.check_for(&Target {
            installed_sequence,
            ..target()
        })
    };
    assert_eq!(with(70), Ok(()));
    assert_eq!(
        with(71),
        Err(SuitError::Sequence {
            offered: 70,
            installed: 71
        })
    );
}
