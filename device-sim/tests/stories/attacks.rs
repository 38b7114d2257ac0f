//! What others may try, and what comes of it: nothing is installed, and the reason is told.

use ed25519_dalek::SigningKey;
use fleetfold_device_sim::flash::SlotState;
use fleetfold_schemas::{
    DeviceId, ModelId,
    device::Slot,
    job::{Job, JobKind},
    suit,
};

use crate::{
    bench::{Bench, Release, VENDOR, encode_delta, firmware, job_key, release_key},
    engine::Serving,
};

fn release() -> Release {
    Release::new("2.0.0", 20, firmware("2.0.0", 5_000))
}

/// Gives a job that must be refused, and returns what the device said about it.
fn refused(bench: &mut Bench, payload: Vec<u8>) -> String {
    bench.run();
    let before = bench.flash.record().clone();
    bench.post(payload);
    bench.run();
    assert_eq!(
        *bench.flash.record(),
        before,
        "a refused job leaves no trace"
    );
    assert_eq!(bench.engine.requests, []);
    bench.said().to_owned()
}

fn edit(job: &mut Job, change: impl FnOnce(&mut fleetfold_schemas::job::Installation)) {
    let JobKind::Install(installation) = &mut job.kind else {
        panic!("an install");
    };
    change(installation);
}

#[test]
fn a_job_by_a_key_of_another_role_is_refused() {
    let mut bench = Bench::new();
    let job = bench.job(7, &release());
    assert_eq!(
        refused(&mut bench, job.sign(&release_key())),
        "1.0.0 0:rejected verification/job_unknown_key"
    );
}

#[test]
fn a_job_with_any_one_byte_changed_is_refused() {
    let mut bench = Bench::new();
    let good = bench.job(7, &release()).sign(&job_key());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        let said = refused(&mut bench, bad);
        assert!(said.starts_with("1.0.0 0:rejected "), "byte {at}: {said}");
    }
}

#[test]
fn a_job_for_another_device_is_refused() {
    let mut bench = Bench::new();
    let mut job = bench.job(7, &release());
    job.device = DeviceId::parse("dev-2").unwrap();
    assert_eq!(
        refused(&mut bench, job.sign(&job_key())),
        "1.0.0 7:rejected rejected/job_other_device"
    );
    // And does not stand in the way of the device's own.
    let own = bench.job(5, &release());
    assert_eq!(bench.give(&own).last().unwrap(), "2.0.0 5:succeeded");
}

#[test]
fn an_old_job_is_refused_after_a_newer_one_also_after_power_loss() {
    let mut bench = Bench::new();
    let old = bench.job(7, &Release::new("1.9.0", 19, firmware("1.9.0", 2_000)));
    let new = bench.job(8, &release());
    bench.give(&new);
    for _ in 0..2 {
        bench.engine.requests.clear();
        assert_eq!(
            refused(&mut bench, old.sign(&job_key())),
            "2.0.0 7:rejected rejected/job_replayed"
        );
        bench.cut_power();
    }
}

#[test]
fn a_job_that_comes_again_after_success_is_not_done_again() {
    let mut bench = Bench::new();
    let job = bench.job(7, &release());
    bench.give(&job);
    let epoch = bench.flash.record().epoch;
    bench.engine.requests.clear();
    for _ in 0..3 {
        assert_eq!(bench.give(&job).last().unwrap(), "2.0.0 7:succeeded");
    }
    bench.cut_power();
    bench.run();
    assert_eq!(bench.flash.record().epoch, epoch + 1);
    assert_eq!(bench.engine.requests, []);
    assert_eq!(bench.said(), "2.0.0 7:succeeded");
}

#[test]
fn an_expired_job_is_refused_at_its_first_void_millisecond() {
    let mut bench = Bench::new();
    let mut job = bench.job(7, &release());
    bench.run();
    job.expires_ms = bench.now;
    assert_eq!(
        refused(&mut bench, job.sign(&job_key())),
        "1.0.0 7:rejected rejected/job_expired"
    );
    let mut job = bench.job(8, &release());
    job.expires_ms = bench.now + 1;
    assert_eq!(bench.give(&job).last().unwrap(), "2.0.0 8:succeeded");
}

#[test]
fn arbitrary_firmware_is_refused_even_from_the_job_key() {
    let mut bench = Bench::new();
    let mut job = bench.job(7, &release());
    let forger = SigningKey::from_bytes(&[9; 32]);
    edit(&mut job, |installation| {
        installation.envelope = release().manifest.sign(&forger);
    });
    assert_eq!(
        refused(&mut bench, job.sign(&job_key())),
        "1.0.0 7:rejected verification/suit_unknown_key"
    );
    edit(&mut job, |installation| {
        installation.envelope = release().manifest.sign(&release_key());
        let last = installation.envelope.len() - 1;
        installation.envelope[last] ^= 1;
    });
    let said = refused(&mut bench, job.sign(&job_key()));
    assert_eq!(said, "1.0.0 7:rejected verification/suit_digest");
}

#[test]
fn firmware_for_another_model_or_vendor_is_refused() {
    let vendor = suit::vendor_id(VENDOR);
    let other = ModelId::parse("sensor-b").unwrap();
    let mut wrong_model = release();
    wrong_model.manifest.class_id = suit::class_id(vendor, &other);
    let mut wrong_vendor = release();
    wrong_vendor.manifest.vendor_id = suit::vendor_id("other.example");
    for (release, code) in [(wrong_model, "suit_class"), (wrong_vendor, "suit_vendor")] {
        let mut bench = Bench::new();
        let job = bench.job(7, &release);
        assert_eq!(
            refused(&mut bench, job.sign(&job_key())),
            format!("1.0.0 7:rejected verification/{code}")
        );
    }
}

#[test]
fn a_signed_downgrade_is_refused_and_an_equal_sequence_is_not() {
    let mut bench = Bench::new();
    let older = Release::new("0.9.0", 9, firmware("0.9.0", 2_000));
    let job = bench.job(7, &older);
    assert_eq!(
        refused(&mut bench, job.sign(&job_key())),
        "1.0.0 7:rejected verification/suit_sequence"
    );
    let equal = Release::new("1.0.0-rebuilt", 10, firmware("rebuilt", 2_000));
    let job = bench.job(8, &equal);
    let story = bench.give(&job);
    assert_eq!(story.last().unwrap(), "1.0.0-rebuilt 8:succeeded");
}

#[test]
fn an_offer_of_other_bytes_than_the_manifests_is_refused() {
    let mut bench = Bench::new();
    let mut job = bench.job(7, &release());
    edit(&mut job, |installation| installation.size_bytes += 1);
    assert_eq!(
        refused(&mut bench, job.sign(&job_key())),
        "1.0.0 7:rejected verification/offer_mismatch"
    );
    let mut huge = release();
    huge.manifest.image_size_bytes = (1 << 20) + 1;
    let mut job = bench.job(8, &huge);
    edit(&mut job, |installation| {
        installation.size_bytes = (1 << 20) + 1;
        installation.offers = vec![fleetfold_schemas::job::Offer::Full {
            digest: installation.target,
            size_bytes: (1 << 20) + 1,
        }];
    });
    assert_eq!(
        refused(&mut bench, job.sign(&job_key())),
        "1.0.0 8:rejected rejected/image_too_large"
    );
}

#[test]
fn an_image_under_another_images_signature_is_never_bootable() {
    // The job key's holder serves other bytes, of the right size, and says so in the job. The manifest disagrees.
    let mut bench = Bench::new();
    let other = firmware("other", 5_000);
    let mut job = bench.job(7, &release());
    let digest = fleetfold_schemas::Digest::of(&other);
    bench.engine.artifacts.insert(digest, other);
    edit(&mut job, |installation| {
        installation.target = digest;
        installation.offers = vec![fleetfold_schemas::job::Offer::Full {
            digest,
            size_bytes: 5_000,
        }];
    });
    assert_eq!(
        bench.give(&job).last().unwrap(),
        "1.0.0 7:failed verification/image_digest"
    );
    assert_eq!(*bench.slot(Slot::B), SlotState::Empty);
}

#[test]
fn the_signed_image_under_another_name_is_not_the_target() {
    // Bytes and SHA-256 are right, but the job calls them by a digest that is not theirs.
    let mut bench = Bench::new();
    let mut job = bench.job(7, &release());
    let digest = fleetfold_schemas::Digest::of(b"something else");
    bench.engine.artifacts.insert(digest, release().bytes);
    edit(&mut job, |installation| {
        installation.target = digest;
        installation.offers = vec![fleetfold_schemas::job::Offer::Full {
            digest,
            size_bytes: 5_000,
        }];
    });
    assert_eq!(
        bench.give(&job).last().unwrap(),
        "1.0.0 7:failed verification/image_digest"
    );
}

#[test]
fn a_wrong_chunk_is_found_before_the_slot_becomes_bootable() {
    for at in [0, 1_024, 4_096] {
        let mut bench = Bench::new();
        bench.engine.serving = Serving::Flipped(at);
        let job = bench.job(7, &release());
        assert_eq!(
            bench.give(&job).last().unwrap(),
            "1.0.0 7:failed verification/image_digest"
        );
        assert_eq!(*bench.slot(Slot::B), SlotState::Empty);
        assert_eq!(bench.flash.record().epoch, 1);
    }
}

#[test]
fn a_wrong_chunk_of_a_delta_costs_only_the_detour() {
    let mut bench = Bench::new();
    let mut bytes = bench.factory.bytes.clone();
    bytes.extend(firmware("tail", 3_000));
    let release = Release::new("1.0.1", 20, bytes);
    let patch = encode_delta(&bench.factory.bytes, &release.bytes);
    // Beyond the delta's end in the image, so that only the delta is hit.
    assert!(
        patch.len() > 2_048 && patch.len() < 4_096,
        "{}",
        patch.len()
    );
    let mut job = bench.delta_job(7, &release, patch.clone());
    edit(&mut job, |installation| {
        let digest = installation.offers[0].digest();
        let mut bad = patch.clone();
        bad[100] ^= 1;
        bench.engine.artifacts.insert(digest, bad);
    });
    assert_eq!(bench.give(&job).last().unwrap(), "1.0.1 7:succeeded");
    assert_eq!(bench.rebuilds, 0, "not even tried");
}

#[test]
fn endless_and_truncated_answers_end_in_a_failed_download_and_write_nothing() {
    for serving in [Serving::Endless, Serving::Truncated] {
        let mut bench = Bench::new();
        bench.engine.serving = serving;
        let job = bench.job(7, &release());
        assert_eq!(
            bench.give(&job).last().unwrap(),
            "1.0.0 7:failed download/chunk_timeout"
        );
        assert_eq!(*bench.slot(Slot::B), SlotState::Empty);
    }
}
