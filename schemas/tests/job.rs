//! What a device obeys, and every way we know of giving it orders that are not its own.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use ciborium::Value;
use ed25519_dalek::SigningKey;
use fleetfold_schemas::{
    CampaignId, DeviceId, Digest,
    cose::{self, TrustedKeys},
    device::{JobReport, JobState, WaitingFor},
    job::{
        AtLimit, Conditions, Consent, InstallWindow, Installation, JOB_BYTES_MAX, Job, JobError,
        JobKind, Offer, PURPOSE,
    },
};

const GOLDEN: &str = include_str!("vectors/install-4711.job.hex");

fn job_key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

/// A key the device trusts as well, but for releases.
fn release_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn trusted() -> TrustedKeys {
    TrustedKeys::from_iter([job_key().verifying_key()])
}

fn device(id: &str) -> DeviceId {
    DeviceId::parse(id).unwrap()
}

fn installation() -> Installation {
    Installation {
        envelope: vec![0xd8, 0x6b, 0xa0],
        target: Digest::of(b"firmware 1.4.0"),
        size_bytes: 14,
        offers: vec![
            Offer::Delta {
                digest: Digest::of(b"delta"),
                size_bytes: 5,
                from: Digest::of(b"firmware 1.3.2"),
                format: String::from("bidiff-zstd"),
            },
            Offer::Full {
                digest: Digest::of(b"firmware 1.4.0"),
                size_bytes: 14,
            },
        ],
    }
}

fn install() -> Job {
    Job {
        device: device("press-17"),
        campaign: CampaignId::parse("spring").unwrap(),
        attempt: 1,
        sequence: 4711,
        kind: JobKind::Install(installation()),
        issued_ms: 1_790_000_000_000,
        expires_ms: 1_790_086_400_000,
        install_window: Some(InstallWindow {
            from_ms: 1_790_010_000_000,
            until_ms: 1_790_020_000_000,
        }),
        stage_limit_ms: 1_800_000,
        conditions: None,
        not_before_ms: None,
    }
}

fn verify(bytes: &[u8]) -> Result<Job, JobError> {
    Job::verify(bytes, &trusted())
}

fn refusal(bytes: &[u8]) -> &'static str {
    verify(bytes).expect_err("must be refused").code()
}

/// The job after an edit of its map, signed by the job key: what a careless or newer engine would send.
fn signed_with(job: &Job, edit: impl FnOnce(&mut Vec<(Value, Value)>)) -> Vec<u8> {
    let signed = job.sign(&job_key());
    let payload = cose::verify_attached(&signed, PURPOSE, &trusted(), JOB_BYTES_MAX)
        .unwrap()
        .payload;
    let Value::Map(mut fields) = ciborium::from_reader(payload).unwrap() else {
        panic!("a job is a map")
    };
    edit(&mut fields);
    let mut payload = Vec::new();
    ciborium::into_writer(&Value::Map(fields), &mut payload).unwrap();
    cose::sign_attached(&payload, PURPOSE, &job_key())
}

fn set(fields: &mut [(Value, Value)], key: i64, value: Value) {
    let found = fields.iter_mut().find(|(k, _)| *k == Value::from(key));
    found.expect("the key is there").1 = value;
}

fn remove(fields: &mut Vec<(Value, Value)>, key: i64) {
    fields.retain(|(k, _)| *k != Value::from(key));
}

#[test]
fn every_kind_of_job_comes_back_as_it_was_signed() {
    let rollback = Job {
        kind: JobKind::Rollback(installation()),
        install_window: None,
        ..install()
    };
    let cancel = Job {
        kind: JobKind::Cancel { sequence: 4711 },
        sequence: 4800,
        ..install()
    };
    let conditional = Job {
        conditions: Some(conditions()),
        not_before_ms: Some(1_790_001_000_000),
        ..install()
    };
    for job in [install(), rollback, cancel, conditional] {
        assert_eq!(verify(&job.sign(&job_key())), Ok(job));
    }
}

fn conditions() -> Conditions {
    Conditions {
        battery_percent_min: Some(30),
        free_bytes_min: Some(1),
        external_power: true,
        consent: Some(Consent {
            postponements_max: 3,
            postpone_ms_max: 3_600_000,
            at_limit: AtLimit::GiveUp,
        }),
        patience_ms: 86_400_000,
    }
}

#[test]
fn conditions_that_are_unknown_refuse_the_job_and_impossible_ones_are_malformed() {
    let job = Job {
        conditions: Some(conditions()),
        ..install()
    };
    let with = |key: i64, value: Value| {
        signed_with(&job, |fields| {
            let conditions = fields.iter_mut().find(|(k, _)| *k == Value::from(15));
            let Some((_, Value::Map(conditions))) = conditions else {
                panic!("it has conditions")
            };
            conditions.retain(|(k, _)| *k != Value::from(key));
            let at = conditions.partition_point(|(k, _)| match k {
                Value::Integer(k) => i128::from(*k) < i128::from(key) && key > 0,
                _ => false,
            });
            let at = if key < 0 { conditions.len() } else { at };
            conditions.insert(at, (Value::from(key), value));
        })
    };
    assert_eq!(refusal(&with(6, 1.into())), "job_unsupported");
    assert!(verify(&with(-1, 1.into())).is_ok());
    for percent in [0, 101, 300] {
        assert_eq!(refusal(&with(1, percent.into())), "job_malformed");
    }
    assert_eq!(refusal(&with(3, 0.into())), "job_malformed");
    let consent = |at_limit: i64| {
        let fields = [(1, 3), (2, 1000), (3, at_limit)];
        Value::Map(fields.map(|(key, value)| (key.into(), value.into())).into())
    };
    assert!(verify(&with(4, consent(2))).is_ok());
    assert_eq!(refusal(&with(4, consent(3))), "job_unsupported");
}

#[test]
fn a_word_of_waiting_that_is_not_known_is_another_reason() {
    let report: JobReport = serde_json::from_str(
        r#"{"sequence":7,"status":"in_progress","stage":"installing","waiting":{"for":"daylight","colour":1}}"#,
    )
    .unwrap();
    let JobState::InProgress { waiting, .. } = report.state else {
        panic!("it is in progress")
    };
    assert_eq!(waiting.unwrap().what, WaitingFor::Other);
}

#[test]
fn the_bytes_of_a_job_never_change() {
    assert_eq!(hex::encode(install().sign(&job_key())), GOLDEN.trim());
}

#[test]
fn an_edited_bit_anywhere_is_refused() {
    let good = install().sign(&job_key());
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            assert!(verify(&bad).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_job_cut_short_anywhere_or_with_bytes_behind_it_is_refused() {
    let good = install().sign(&job_key());
    for len in 0..good.len() {
        assert_eq!(refusal(&good[..len]), "job_malformed", "{len} bytes");
    }
    let mut bad = good;
    bad.push(0);
    assert_eq!(refusal(&bad), "job_malformed");
}

#[test]
fn a_trusted_key_of_another_role_is_unknown_here() {
    assert_eq!(refusal(&install().sign(&release_key())), "job_unknown_key");
}

#[test]
fn borrowing_the_job_keys_id_does_not_help() {
    let mut forged = install().sign(&release_key());
    let (theirs, ours) = [release_key(), job_key()]
        .map(|key| cose::KeyId::of(&key.verifying_key()).0)
        .into();
    let at = forged.windows(8).position(|bytes| bytes == theirs).unwrap();
    forged[at..at + 8].copy_from_slice(&ours);
    assert_eq!(refusal(&forged), "job_signature");
}

#[test]
fn a_signature_for_another_purpose_is_refused() {
    let payload = install().sign(&job_key());
    let payload = cose::verify_attached(&payload, PURPOSE, &trusted(), JOB_BYTES_MAX)
        .unwrap()
        .payload;
    for purpose in [b"".as_slice(), b"fleetfold-job-v2"] {
        let other = cose::sign_attached(payload, purpose, &job_key());
        assert_eq!(refusal(&other), "job_signature");
    }
}

#[test]
fn an_algorithm_swapped_in_the_header_is_refused() {
    let good = install().sign(&job_key());
    let header = [0xa2, 0x01, 0x32, 0x04, 0x48];
    let at = good.windows(5).position(|bytes| bytes == header).unwrap();
    for (algorithm, wanted) in [
        (0x27, "job_signature"),
        (0x26, "job_unsupported"),
        (0x05, "job_unsupported"),
        (0x00, "job_unsupported"),
    ] {
        let mut bad = good.clone();
        bad[at + 2] = algorithm;
        assert_eq!(refusal(&bad), wanted, "algorithm byte {algorithm:#x}");
    }
}

#[test]
fn a_job_without_its_payload_is_refused() {
    let detached = cose::sign_detached(b"", PURPOSE, &job_key());
    assert_eq!(refusal(&detached), "job_malformed");
}

#[test]
fn a_job_is_obeyed_once_by_its_own_device_and_before_it_expires() {
    let job = install();
    let press = device("press-17");
    let code = |device: &DeviceId, last, now| {
        let checked = job.check_for(device, last, now);
        checked.as_ref().err().map(JobError::code)
    };
    let in_time = Some(job.expires_ms - 1);
    assert_eq!(code(&press, 4710, in_time), None);
    assert_eq!(code(&press, 0, in_time), None);
    assert_eq!(code(&press, 4711, in_time), Some("job_replayed"));
    assert_eq!(code(&press, 4712, in_time), Some("job_replayed"));
    assert_eq!(code(&press, 0, Some(job.expires_ms)), Some("job_expired"));
    assert_eq!(code(&press, 0, None), None, "without a clock");

    // The first failure is what is reported.
    let late = Some(u64::MAX);
    let other = device("press-18");
    assert_eq!(code(&other, 9999, late), Some("job_other_device"));
    assert_eq!(code(&press, 9999, late), Some("job_replayed"));
}

#[test]
fn an_unknown_key_is_refused_and_a_negative_one_ignored() {
    let with = |key: i64, at: usize| {
        signed_with(&install(), |fields| {
            let deep = Value::Array(vec![Value::Map(vec![]), Value::from(1.5)]);
            fields.insert(at, (Value::from(key), deep));
        })
    };
    let end = 13;
    assert_eq!(verify(&with(-2, end)), Ok(install()));
    assert_eq!(verify(&with(-70_000, end)), Ok(install()));
    assert_eq!(refusal(&with(16, end)), "job_unsupported");
    assert_eq!(refusal(&with(0, 0)), "job_unsupported");
    assert_eq!(
        refusal(&with(10, 9)),
        "job_unsupported",
        "what a cancel has"
    );

    let offer = |key: i64| {
        signed_with(&install(), |fields| {
            let offers = &mut fields
                .iter_mut()
                .find(|(k, _)| *k == Value::from(9))
                .unwrap()
                .1;
            let Value::Array(offers) = offers else {
                panic!("offers are a list")
            };
            let Value::Map(full) = &mut offers[1] else {
                panic!("an offer is a map")
            };
            full.push((Value::from(key), Value::from(1)));
        })
    };
    assert_eq!(verify(&offer(-5)), Ok(install()));
    assert_eq!(refusal(&offer(5)), "job_unsupported");
    assert_eq!(
        refusal(&offer(4)),
        "job_unsupported",
        "a format without a source"
    );
}

#[test]
fn a_kind_from_the_future_is_refused_as_such() {
    let bad = signed_with(&install(), |fields| set(fields, 5, Value::from(4)));
    assert_eq!(refusal(&bad), "job_unsupported");
}

#[test]
fn every_missing_or_mistyped_part_is_refused_though_signed() {
    for key in [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14] {
        let bad = signed_with(&install(), |fields| remove(fields, key));
        assert!(verify(&bad).is_err(), "without {key}");
        let bad = signed_with(&install(), |fields| set(fields, key, Value::Null));
        assert_eq!(refusal(&bad), "job_malformed", "{key} null");
    }
    for (key, value) in [
        (1, Value::from("press/17")),
        (1, Value::from("")),
        (2, Value::from("+")),
        (3, Value::from(1_u64 << 32)),
        (3, Value::from(-1)),
        (4, Value::from(1.0)),
        (7, Value::Bytes(vec![0; 31])),
        (9, Value::Array(vec![])),
        (13, Value::Array(vec![Value::from(5), Value::from(5)])),
        (13, Value::Array(vec![Value::from(5)])),
    ] {
        let bad = signed_with(&install(), |fields| set(fields, key, value.clone()));
        assert_eq!(refusal(&bad), "job_malformed", "{key} = {value:?}");
    }
}

#[test]
fn eight_offers_are_accepted_and_nine_refused() {
    let with = |count| {
        let offers = vec![installation().offers[0].clone(); count];
        Job {
            kind: JobKind::Install(Installation {
                offers,
                ..installation()
            }),
            ..install()
        }
        .sign(&job_key())
    };
    assert!(verify(&with(8)).is_ok());
    assert_eq!(refusal(&with(9)), "job_malformed");
}

#[test]
fn a_job_of_the_greatest_size_is_accepted_and_one_byte_more_refused() {
    let with = |len| {
        Job {
            kind: JobKind::Install(Installation {
                envelope: vec![0; len],
                ..installation()
            }),
            ..install()
        }
        .sign(&job_key())
    };
    let spare = JOB_BYTES_MAX - with(60_000).len();
    assert_eq!(with(60_000 + spare).len(), JOB_BYTES_MAX);
    assert!(verify(&with(60_000 + spare)).is_ok());
    assert_eq!(refusal(&with(60_001 + spare)), "job_malformed");
}
