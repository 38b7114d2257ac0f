//! Rehearsals of small fleets.

mod calendar;

use fleetfold_core::{
    Core, Fact, Timestamp,
    fact::{
        CampaignCreated, DeviceGreeted, DeviceRegistered, LifecycleChanged, ReleasePublished,
        SiteOpened,
    },
};
use fleetfold_schemas::{
    CampaignId, Digest, ModelId, Sha256, Version,
    campaign::{CampaignSpec, DAY_MS, HOUR_MS, Pace, ReleaseRef, VersionRequirement},
    command::{Credential, Lifecycle},
    device::{Running, Slot},
    rehearsal::{Rehearsal, Severity},
};

use super::*;

/// Some day.
const START: Timestamp = 1_790_000_000_000;
const IMAGE_BYTES: u64 = 1 << 20;

pub fn version(text: &str) -> Version {
    text.parse().unwrap()
}

pub fn model() -> ModelId {
    "sensor-a".parse().unwrap()
}

pub fn spec() -> CampaignSpec {
    CampaignSpec::new(
        CampaignId::parse("spring").unwrap(),
        vec![ReleaseRef {
            model: model(),
            version: version("2.0.0"),
        }],
    )
}

fn release(release: u32, text: &str) -> Fact {
    ReleasePublished {
        release,
        model: model(),
        version: version(text),
        vendor: "acme.example".to_owned(),
        sequence: release.into(),
        image: Digest::of(text.as_bytes()),
        image_sha256: Sha256::of(text.as_bytes()),
        image_bytes: IMAGE_BYTES,
        manifest: vec![1],
        advisories: None,
        requires: None,
        hardware: Vec::new(),
        key_id: vec![2],
    }
    .into()
}

fn device(device: u32) -> [Fact; 3] {
    let running = version("1.0.0");
    [
        DeviceRegistered {
            tenant: None,
            device,
            id: format!("d-{device}").parse().unwrap(),
            model: model(),
            credential: Credential::TokenSha256([0; 32]),
        }
        .into(),
        DeviceGreeted {
            device,
            epoch: 1,
            seq: 1,
            fingerprint: 0,
            login_counter: None,
            hardware: None,
            capabilities: Vec::new(),
            region: None,
            tenant: None,
            time_zone: None,
            tags: Vec::new(),
            attributes: Vec::new(),
            running: Running {
                slot: Slot::A,
                digest: Digest::of(running.to_string().as_bytes()),
                version: running,
            },
            standby: None,
        }
        .into(),
        LifecycleChanged {
            device,
            lifecycle: Lifecycle::Active,
        }
        .into(),
    ]
}

/// A fleet of which one device more was heard of every second, and a campaign that nobody has started.
pub fn facts(devices: u32, spec: CampaignSpec) -> Vec<(Timestamp, Fact)> {
    let site = SiteOpened {
        site: "test".parse().unwrap(),
        speed: None,
    };
    let mut facts = vec![
        (START, site.into()),
        (START, release(0, "1.0.0")),
        (START, release(1, "2.0.0")),
    ];
    for n in 0..devices {
        let at = START + u64::from(n) * 1000;
        facts.extend(device(n).map(|fact| (at, fact)));
    }
    let created = CampaignCreated {
        campaign: 0,
        release: 1,
        spec,
        other_releases: Vec::new(),
        ordered: None,
        other_arm: Vec::new(),
        authors: Vec::new(),
    };
    facts.push((START + u64::from(devices) * 1000, created.into()));
    facts
}

pub fn fleet(devices: u32, spec: CampaignSpec) -> Core {
    let mut core = Core::default();
    for (at, fact) in facts(devices, spec) {
        core.replay(at, &fact);
    }
    core.replayed();
    core
}

fn rehearsed(devices: u32, spec: CampaignSpec, options: Options) -> Rehearsal {
    rehearse(fleet(devices, spec).state(), 0, &options)
}

fn few() -> Options {
    Options {
        runs: 5,
        ..Options::default()
    }
}

#[test]
fn a_good_release_takes_its_phases_and_reaches_everyone() {
    let rate = Some(BasisPoints::from_percent(0));
    let options = Options {
        failure_rate: rate,
        ..few()
    };
    let rehearsal = rehearsed(200, spec(), options);
    let expected = &rehearsal.expected;
    assert_eq!(
        (expected.completed, expected.paused, expected.failed),
        (5, 0, 0)
    );
    assert_eq!(expected.updated.p10, 200);
    assert_eq!(expected.bytes.p50, 200 * IMAGE_BYTES);
    // 24, 24, 48 and 72 hours, which are longer than anybody takes here.
    let duration = expected.duration_ms.unwrap();
    assert!(duration.p10 >= 7 * DAY_MS, "{duration:?}");
    assert!(duration.p90 < 7 * DAY_MS + HOUR_MS, "{duration:?}");
    let downloads = expected.peak_downloads;
    assert!((1..=140).contains(&downloads.p50), "{downloads:?}");
    assert_eq!(
        expected.peak_bytes_per_s.p50,
        downloads.p50 * few().bandwidth_bytes_per_s
    );
    assert_eq!(rehearsal.assumptions.sample, None);
}

#[test]
fn the_same_seed_rehearses_the_same() {
    let options = |seed| Options { seed, ..few() };
    let first = rehearsed(100, spec(), options(1));
    assert_eq!(rehearsed(100, spec(), options(1)), first);
    assert_ne!(rehearsed(100, spec(), options(2)).expected, first.expected);
}

#[test]
fn the_worse_a_release_the_fewer_devices_see_it() {
    let rehearsal = rehearsed(1000, spec(), few());
    let rows: Vec<_> = rehearsal.exposure.iter().collect();
    assert_eq!(rows.len(), 4);
    for row in &rows[1..] {
        assert_eq!(row.paused, row.runs, "{row:?}");
        assert!(row.paused_after_ms.is_some(), "{row:?}");
    }
    for pair in rows.windows(2) {
        assert!(pair[0].exposed.p50 >= pair[1].exposed.p50, "{pair:?}");
    }
    // A canary is 1 %, and success out of reach pauses it.
    assert!(rows[3].exposed.p90 <= 10, "{:?}", rows[3]);
}

#[test]
fn a_large_fleet_is_sampled_with_rates_in_proportion() {
    let mut spec = spec();
    spec.rates.executions_per_minute = Some(Pace::Constant(10));
    let good = Options {
        failure_rate: Some(BasisPoints::from_percent(0)),
        ..few()
    };
    let all = rehearsed(400, spec.clone(), good);
    let options = Options {
        sample_max: 100,
        ..good
    };
    let sampled = rehearsed(400, spec, options);
    assert_eq!(sampled.devices, 400);
    assert_eq!(sampled.assumptions.sample, Some(100));
    assert!(
        sampled.notes[0].contains("100 of 400"),
        "{:?}",
        sampled.notes
    );
    let (all, sampled) = (&all.expected, &sampled.expected);
    assert_eq!((sampled.completed, sampled.updated.p50), (5, 400));
    let apart = |a: u64, b: u64| a.abs_diff(b) * 20 <= a.max(b);
    let (a, b) = (all.duration_ms.unwrap(), sampled.duration_ms.unwrap());
    assert!(apart(a.p50, b.p50), "{a:?} {b:?}");
}

#[test]
fn what_can_be_seen_before_the_start_is_said() {
    let mut spec = spec();
    spec.max_rollout_days = fleetfold_schemas::campaign::Days::of(3);
    spec.expected_failure = BasisPoints::from_percent(10);
    let rehearsal = rehearsed(3, spec, few());
    let keys: Vec<_> = rehearsal
        .findings
        .iter()
        .map(|finding| &*finding.key)
        .collect();
    assert_eq!(
        keys,
        ["phases_too_long", "no_rollback_image", "canary_too_small"]
    );
}

/// A campaign's course on disk: every device accepts after ten minutes and tells its outcome ten minutes later; the
/// release fails on every `failing`th.
fn on_disk(dir: &std::path::Path, devices: u32, spec: CampaignSpec, failing: u32) {
    struct Habitual {
        failing: u32,
    }

    impl stage::Behaviour for Habitual {
        fn contact(&mut self, device: u32, _attempt: u32) -> Option<stage::Moment> {
            Some(stage::Moment {
                after_ms: 600_000 + u64::from(device) * 1000,
                order: 0,
            })
        }

        fn work(
            &mut self,
            device: u32,
            _job: &fleetfold_schemas::job::Job,
            _now: Timestamp,
        ) -> stage::Work {
            let outcome = if device.is_multiple_of(self.failing) {
                stage::Outcome::Failed {
                    error: fleetfold_schemas::device::DeviceError {
                        class: fleetfold_schemas::device::ErrorClass::SelfTest,
                        code: "watchdog".parse().unwrap(),
                        message: String::new(),
                    },
                    restored: true,
                }
            } else {
                stage::Outcome::Succeeded { boot_ms: None }
            };
            let moment = stage::Moment {
                after_ms: 600_000,
                order: 0,
            };
            stage::Work::Accepts {
                download_ms: 1000,
                outcome: Some((moment, outcome)),
            }
        }

        fn install(
            &mut self,
            _device: u32,
            _job: &fleetfold_schemas::job::Job,
            _now: Timestamp,
        ) -> (stage::Moment, stage::Outcome) {
            unreachable!("there are no windows here")
        }
    }

    let mut all = facts(devices, spec);
    let operator = fleetfold_core::fact::OperatorAdded {
        operator: cast::operator(),
        role: fleetfold_schemas::operator::Role::Admin,
        password_hash: String::new(),
        tenants: fleetfold_schemas::operator::Tenants::All,
    };
    all.insert(1, (START, operator.into()));
    let mut core = Core::default();
    for (at, fact) in &all {
        core.replay(*at, fact);
    }
    core.replayed();
    let start = core.state().recorded_at + 1000;
    all.extend(Stage::new(core, Habitual { failing }, start).facts());
    let options = crate::log::LogOptions::default();
    let (mut log, _) = crate::log::Log::open(&crate::server::log_dir(dir), &options).unwrap();
    let mut bytes = Vec::new();
    for (position, (at, fact)) in (1..).zip(&all) {
        bytes.clear();
        fact.encode_into(&mut bytes);
        let mut batch = crate::log::Batch::new(position, *at);
        batch.push(&bytes).unwrap();
        log.append(&batch).unwrap();
    }
}

fn recorded(devices: u32, spec: CampaignSpec, failing: u32) -> Record {
    let dir = tempfile::tempdir().unwrap();
    let id = spec.id.clone();
    on_disk(dir.path(), devices, spec, failing);
    record(dir.path(), &id).unwrap().unwrap()
}

/// No canary: a tenth, then all, and only the threshold of 10 %.
fn careless() -> CampaignSpec {
    let mut spec = spec();
    spec.phases = spec.phases.split_off(3);
    spec.phases[0].wait_for_success = false;
    spec.gates.confident = false;
    spec.sample_min = 60;
    spec
}

#[test]
fn what_if_nothing_were_different_is_what_happened() {
    for (devices, failing) in [(100, 5), (60, 30)] {
        let record = recorded(devices, careless(), failing);
        let answer = what_if(&record, careless(), 1);
        assert!(answer.is_unchanged);
        let (recorded, instead) = (&answer.recorded, &answer.instead);
        assert_eq!(instead.stopped, recorded.stopped);
        assert_eq!(recorded.stopped.is_some(), failing == 5, "{recorded:?}");
        assert_eq!(
            (
                &instead.status,
                instead.exposed,
                instead.updated,
                instead.failed
            ),
            (
                &recorded.status,
                recorded.exposed,
                recorded.updated,
                recorded.failed
            ),
        );
    }
}

#[test]
fn a_stricter_gate_would_have_paused_earlier() {
    let record = recorded(100, careless(), 5);
    let mut strict = careless();
    strict.sample_min = 10;
    strict.rates.in_flight_max = Some(5);
    let answer = what_if(&record, strict, 1);
    assert!(!answer.is_unchanged);
    let (then, instead) = (
        answer.recorded.stopped.unwrap(),
        answer.instead.stopped.unwrap(),
    );
    assert_eq!(
        (&*then.cause, &*instead.cause),
        ("failure_threshold", "failure_threshold")
    );
    assert_eq!(then.exposed, 100);
    assert!(instead.exposed < 20, "{instead:?}");
}

#[test]
fn who_was_never_reached_does_what_others_did() {
    let record = recorded(100, spec(), 5);
    let stopped = record.stop.clone().unwrap();
    assert!(stopped.exposed < 50, "{stopped:?}");
    let mut lax = careless();
    lax.failure_threshold = BasisPoints::from_percent(90);
    let answer = what_if(&record, lax.clone(), 1);
    assert_eq!(answer.instead.status, "completed");
    // All that had no outcome yet, those among the exposed included.
    assert!(answer.borrowed >= 100 - stopped.exposed, "{answer:?}");
    assert_eq!(what_if(&record, lax, 1), answer);
}

/// The same fleet, whose target asks for something: release 0 is 1.5.0, which nobody runs.
fn asking(requires: Option<&str>, hardware: &[&str]) -> Rehearsal {
    let mut core = Core::default();
    for (at, mut fact) in facts(20, spec()) {
        if let Fact::ReleasePublished(published) = &mut fact {
            if published.release == 0 {
                published.version = version("1.5.0");
                published.image = Digest::of(b"1.5.0");
            } else {
                published.requires = requires.and_then(VersionRequirement::parse);
                published.hardware = hardware.iter().map(|it| version(it)).collect();
            }
        }
        core.replay(at, &fact);
    }
    core.replayed();
    let options = Options {
        failure_rate: Some(BasisPoints::from_percent(0)),
        ..few()
    };
    rehearse(core.state(), 0, &options)
}

fn has(rehearsal: &Rehearsal, key: &str, severity: Severity) -> bool {
    let mut findings = rehearsal.findings.iter();
    findings.any(|it| it.key == key && it.severity == severity && it.devices == Some(20))
}

#[test]
fn a_fleet_that_passes_through_another_release_gets_two_images() {
    let rehearsal = asking(Some(">=1.5.0"), &[]);
    assert!(has(&rehearsal, "passes_through", Severity::Info));
    assert_eq!(rehearsal.expected.completed, few().runs);
    let directly = asking(None, &[]);
    assert!(rehearsal.expected.bytes.p50 >= 2 * directly.expected.bytes.p50);
}

#[test]
fn who_cannot_be_brought_to_the_target_is_named() {
    let rehearsal = asking(Some(">=1.6.0"), &[]);
    assert!(has(&rehearsal, "no_path", Severity::Error), "{rehearsal:?}");
    let rehearsal = asking(None, &["2"]);
    assert!(
        has(&rehearsal, "wrong_hardware", Severity::Error),
        "{rehearsal:?}"
    );
}
