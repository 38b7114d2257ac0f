//! What is signed: manifests, jobs, tokens.

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::SigningKey;
use fleetfold_schemas::{
    DeviceTopic, Digest, Sha256,
    cose::TrustedKeys,
    job::{AtLimit, Conditions, Consent, InstallWindow, Installation, Job, JobKind, Offer},
    suit::{self, Manifest},
    token::{self, DeviceToken, Expect, Lifetime},
};

use crate::{
    vectors::{Content, Golden, hex},
    world::{
        HOUR_MS, NOW_MS, campaign, device, device_key, job_key, name, new_image, of_device,
        old_image, release_key, version,
    },
};

fn with_key(golden: Golden, role: &str, key: &SigningKey) -> Golden {
    golden
        .note("signed with", role)
        .note("secret key", hex(&key.to_bytes()))
        .note("public key", hex(key.verifying_key().as_bytes()))
}

pub fn manifest() -> Manifest {
    let vendor_id = suit::vendor_id("acme.example");
    Manifest {
        sequence: 70,
        vendor_id,
        class_id: suit::class_id(vendor_id, &"sensor-a".parse().unwrap()),
        component: name(suit::FIRMWARE),
        image_sha256: Sha256::of(b"firmware 1.4.0"),
        image_size_bytes: 14,
        version: version("1.4.0"),
        uri: "fleetfold:image".to_owned(),
    }
}

pub fn envelopes() -> Vec<Golden> {
    let content = Content::Cbor(manifest().sign(&release_key()));
    let golden = Golden::new(
        "suit-envelope",
        "Release 1.4.0 of model sensor-a of acme.example: an image of the 14 bytes \"firmware 1.4.0\".",
        content,
        manifest(),
        |bytes| {
            let keys = TrustedKeys::from_iter([release_key().verifying_key()]);
            suit::verify(bytes, &keys).map(|verified| verified.manifest().clone())
        },
    );
    vec![with_key(
        golden.note("cddl", "fw-envelope"),
        "release key",
        &release_key(),
    )]
}

fn job(sequence: u64, kind: JobKind) -> Job {
    Job {
        device: device(),
        campaign: campaign(),
        attempt: 1,
        sequence,
        kind,
        issued_ms: NOW_MS,
        expires_ms: NOW_MS + 28 * HOUR_MS,
        install_window: None,
        stage_limit_ms: 4 * HOUR_MS,
        conditions: None,
        not_before_ms: None,
    }
}

pub fn jobs() -> Vec<Golden> {
    let full = Offer::Full {
        digest: new_image().digest,
        size_bytes: 14,
    };
    let delta = Offer::Delta {
        digest: Digest::of(b"delta"),
        size_bytes: 5,
        from: old_image().digest,
        format: "bidiff-zstd".to_owned(),
    };
    let installation = |offers| Installation {
        envelope: manifest().sign(&release_key()),
        target: new_image().digest,
        size_bytes: 14,
        offers,
    };
    let windowed = Job {
        install_window: Some(InstallWindow {
            from_ms: NOW_MS + 8 * HOUR_MS,
            until_ms: NOW_MS + 12 * HOUR_MS,
        }),
        ..job(
            4711,
            JobKind::Install(installation(vec![delta, full.clone()])),
        )
    };
    let conditional = Job {
        conditions: Some(Conditions {
            battery_percent_min: Some(30),
            free_bytes_min: Some(2_000_000),
            external_power: true,
            consent: Some(Consent {
                postponements_max: 3,
                postpone_ms_max: 24 * HOUR_MS,
                at_limit: AtLimit::Install,
            }),
            patience_ms: 168 * HOUR_MS,
        }),
        not_before_ms: Some(NOW_MS + HOUR_MS / 2),
        ..job(4711, JobKind::Install(installation(vec![full.clone()])))
    };
    let all = [
        (
            "job-conditions",
            "Install release 1.4.0, not at once and only when much is right.",
            conditional,
        ),
        (
            "job-install-full",
            "Install release 1.4.0; the image can be had only as a whole.",
            job(4711, JobKind::Install(installation(vec![full.clone()]))),
        ),
        (
            "job-install-delta",
            "Install release 1.4.0 by a delta or as a whole, and not before the window opens.",
            windowed,
        ),
        (
            "job-rollback",
            "Go to an older image, under a manifest signed for that.",
            job(4980, JobKind::Rollback(installation(vec![full]))),
        ),
        (
            "job-cancel",
            "Stop the job with sequence number 4711.",
            job(4800, JobKind::Cancel { sequence: 4711 }),
        ),
    ];
    let golden = |(name, about, job): (&str, _, Job)| {
        let content = Content::Cbor(job.sign(&job_key()));
        let golden = Golden::new(name, about, content, job, |bytes| {
            Job::verify(bytes, &TrustedKeys::from_iter([job_key().verifying_key()]))
        });
        let golden = golden
            .note("topic", of_device(DeviceTopic::Job))
            .note("cddl", "signed-job");
        with_key(golden, "job key", &job_key())
    };
    all.into_iter().map(golden).collect()
}

pub fn tokens() -> Vec<Golden> {
    let golden = |name, about, lifetime, counter| {
        let device = device();
        let text = DeviceToken {
            device: &device,
            site: "fleetfold",
            lifetime,
            counter,
            voucher: None,
        }
        .sign(&device_key());
        let parts: Vec<_> = text
            .split('.')
            .map(|part| Base64UrlUnpadded::decode_vec(part).unwrap())
            .collect();
        let golden = Golden::new(
            name,
            about,
            Content::Token(text),
            (counter, lifetime),
            move |bytes| {
                let expect = Expect {
                    device: &device,
                    site: "fleetfold",
                    now_s: NOW_MS / 1000,
                    last_counter: Some(counter - 1),
                    skew_s: 60,
                };
                let text = std::str::from_utf8(bytes).unwrap();
                let claims = token::verify(text, &device_key().verifying_key(), &expect)?;
                Ok::<_, token::TokenError>((claims.counter, claims.lifetime))
            },
        );
        let golden = golden
            .also("header", parts[0].clone())
            .also("claims", parts[1].clone());
        with_key(
            golden.note("cddl", "token-claims"),
            "device key",
            &device_key(),
        )
    };
    let lifetime = Lifetime {
        issued_s: NOW_MS / 1000,
        expires_s: NOW_MS / 1000 + 300,
    };
    vec![
        golden(
            "token",
            "The 41st login of press-17 to the site fleetfold, good for five minutes.",
            Some(lifetime),
            41,
        ),
        golden(
            "token-without-clock",
            "The 42nd login of a device that does not know the time.",
            None,
            42,
        ),
    ]
}
