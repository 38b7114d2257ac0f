//! The stored form of the state, and what is made of bytes that are not one.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

#[expect(dead_code, reason = "facts are neither JSON nor tokens")]
#[path = "../../../schemas/tests/vectors/mod.rs"]
mod vectors;

use std::path::Path;

use ed25519_dalek::SigningKey;
use fleetfold_core::{
    Core, Fact, State,
    fact::{
        CampaignCanceled, CampaignCreated, CampaignPaused, CampaignResumed, CampaignStaged,
        CampaignStarted, CommandAccepted, CommandRefused, DeferralCause, DeltaAdded,
        DeltaRequested, DeltaUnavailable, DeviceGreeted, DeviceRegistered, DeviceReported,
        ExecutionAccepted, ExecutionDeferred, ExecutionFailed, ExecutionQueued, ExecutionSucceeded,
        KeyTrusted, LifecycleChanged, OperatorAdded, OperatorRevoked, PauseCause, PhaseStarted,
        ReleasePublished, Role, SiteOpened,
    },
    gate::measure::Measure,
    snapshot::{self, Beside, Reader, SnapshotError},
};
use fleetfold_schemas::{
    Digest, Name, Sha256,
    campaign::{BatteryDrainGate, BootTimeGate, HealthGates, RebootRateGate},
    command::{Credential, Lifecycle},
    device::{DeviceError, ErrorClass, Image, Running, Slot, Stage},
    operator::Tenants,
};
use vectors::{Content, Golden, Vectors};

/// When the first fact is recorded; each further one a second later.
const START: u64 = 1_767_225_600_000;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn image(version: &str) -> Image {
    Image {
        version: version.parse().unwrap(),
        digest: Digest::of(version.as_bytes()),
    }
}

fn running(slot: Slot, version: &str) -> Running {
    let Image { version, digest } = image(version);
    Running {
        slot,
        version,
        digest,
    }
}

fn staff() -> Vec<Fact> {
    vec![
        OperatorAdded {
            operator: "bob".parse().unwrap(),
            role: Role::Operator,
            password_hash: "$argon2id$...".to_owned(),
            tenants: Tenants::Only(vec![name("acme"), name("beta")]),
        }
        .into(),
        OperatorAdded {
            operator: "cat".parse().unwrap(),
            role: Role::Viewer,
            password_hash: "$argon2id$...".to_owned(),
            tenants: Tenants::All,
        }
        .into(),
        OperatorRevoked {
            operator: "cat".parse().unwrap(),
            reason: None,
        }
        .into(),
    ]
}

fn site() -> Vec<Fact> {
    vec![
        SiteOpened {
            site: name("factory"),
            speed: None,
        }
        .into(),
        OperatorAdded {
            operator: "ann".parse().unwrap(),
            role: Role::Admin,
            password_hash: "$argon2id$...".to_owned(),
            tenants: Tenants::All,
        }
        .into(),
        KeyTrusted {
            name: name("release"),
            public_key: SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes(),
        }
        .into(),
        CommandAccepted {
            operator: "ann".parse().unwrap(),
            id: Some("01J9Z4W8E6C2T0QK5V7M3N1PXR".parse().unwrap()),
            command: "register_device".to_owned(),
        }
        .into(),
        CommandRefused {
            operator: "bob".parse().unwrap(),
            id: Some("my-own-number".parse().unwrap()),
            command: None,
            code: "malformed".to_owned(),
            message: "this is no command".to_owned(),
        }
        .into(),
    ]
}

fn release(release: u32, version: &str) -> Fact {
    ReleasePublished {
        release,
        model: "sensor_v2".parse().unwrap(),
        version: version.parse().unwrap(),
        vendor: "Example Instruments".to_owned(),
        sequence: 10 + u64::from(release),
        image: Digest::of(version.as_bytes()),
        image_sha256: Sha256::of(version.as_bytes()),
        image_bytes: 1_048_576,
        manifest: vec![0xd8, 0x6b],
        advisories: None,
        requires: None,
        hardware: Vec::new(),
        key_id: vec![1; 8],
    }
    .into()
}

fn releases() -> Vec<Fact> {
    vec![
        release(0, "1.9.0"),
        release(1, "1.9.5"),
        release(2, "2.0.0"),
        DeltaRequested {
            release: 2,
            from: 1,
        }
        .into(),
        DeltaRequested {
            release: 2,
            from: 0,
        }
        .into(),
        DeltaAdded {
            release: 2,
            from: 0,
            digest: Digest::of(b"delta"),
            bytes: 350,
        }
        .into(),
        DeltaUnavailable {
            release: 2,
            from: 1,
            reason: "larger than the image".to_owned(),
        }
        .into(),
    ]
}

fn registered(device: u32, credential: Credential) -> Fact {
    DeviceRegistered {
        tenant: None,
        device,
        id: format!("d{}", device + 1).parse().unwrap(),
        model: "sensor_v2".parse().unwrap(),
        credential,
    }
    .into()
}

fn greeted(device: u32, fill: impl FnOnce(&mut DeviceGreeted)) -> Fact {
    let mut fact = DeviceGreeted {
        device,
        epoch: 1,
        seq: 1,
        fingerprint: 0xfeed_0000 + device,
        login_counter: None,
        hardware: None,
        capabilities: vec![],
        region: None,
        tenant: None,
        tags: vec![],
        attributes: vec![],
        running: running(Slot::A, "1.9.0"),
        standby: None,
        time_zone: None,
    };
    fill(&mut fact);
    fact.into()
}

/// One that says all there is to say, three that say the least, one that is never heard of.
fn devices() -> Vec<Fact> {
    let key = SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes();
    let mut facts = vec![registered(0, Credential::PublicKey(key))];
    facts.extend((1..5).map(|device| registered(device, Credential::TokenSha256([3; 32]))));
    facts.push(greeted(0, |fact| {
        fact.login_counter = Some(12);
        fact.hardware = Some("rev-c".parse().unwrap());
        fact.capabilities = vec![name("bidiff-zstd")];
        fact.region = Some(name("eu-north"));
        fact.tenant = Some(name("example"));
        fact.tags = vec![name("pilot"), name("indoor")];
        fact.attributes = vec![(name("floor"), "3".to_owned())];
        fact.standby = Some(image("1.8.2"));
    }));
    facts.extend((1..4).map(|device| greeted(device, |_| {})));
    for device in 0..4 {
        let lifecycle = Lifecycle::Active;
        facts.push(LifecycleChanged { device, lifecycle }.into());
    }
    let lifecycle = Lifecycle::Maintenance;
    facts.push(
        LifecycleChanged {
            device: 3,
            lifecycle,
        }
        .into(),
    );
    facts
}

fn campaign(campaign: u32, id: &str) -> Fact {
    let spec = format!(
        r#"{{"id": "{id}", "release": {{"model": "sensor_v2", "version": "2.0.0"}},
            "phases": [{{"name": "full", "percentage": 100, "duration_hours": 24, "success_threshold": 95}}]}}"#
    );
    CampaignCreated {
        campaign,
        release: 2,
        spec: serde_json::from_str(&spec).unwrap(),
        other_releases: Vec::new(),
        ordered: None,
        other_arm: Vec::new(),
        authors: Vec::new(),
    }
    .into()
}

fn queued(campaign: u32, device: u32) -> Fact {
    let attempt = 1;
    ExecutionQueued {
        campaign,
        device,
        attempt,
        window: None,
        via: None,
    }
    .into()
}

/// One that watches how its devices are doing: one has brought its figure, another one has just begun.
fn watched() -> Vec<Fact> {
    let campaign_ix = 3;
    let accepted = |device| {
        Fact::from(ExecutionAccepted {
            campaign: campaign_ix,
            device,
        })
    };
    let says = |device, seq, boot_ms, running| {
        Fact::from(DeviceReported {
            device,
            epoch: Some(3),
            seq,
            fingerprint: 9,
            running,
            stage: None,
            progress_percent: None,
            boot_ms: Some(boot_ms),
            battery_drain_bp_per_day: Some(400 + boot_ms % 100),
            unexpected_reboots: Some(seq),
        })
    };
    let mut created = campaign(campaign_ix, "autumn");
    if let Fact::CampaignCreated(fact) = &mut created {
        fact.spec.gates.health = Some(HealthGates {
            boot_time: Some(BootTimeGate::default()),
            battery_drain: Some(BatteryDrainGate::default()),
            reboot_rate: Some(RebootRateGate::default()),
        });
    }
    vec![
        created,
        CampaignStaged {
            campaign: campaign_ix,
        }
        .into(),
        CampaignStarted {
            campaign: campaign_ix,
            devices: 5,
        }
        .into(),
        PhaseStarted {
            campaign: campaign_ix,
            phase: 0,
            cut: 5,
        }
        .into(),
        says(0, 1, 4_211, Some(running(Slot::A, "1.0.0"))),
        says(3, 1, 4_350, None),
        says(4, 1, 4_307, None),
        queued(campaign_ix, 0),
        queued(campaign_ix, 4),
        accepted(0),
        accepted(4),
        says(0, 2, 4_502, Some(running(Slot::B, "2.0.0"))),
        ExecutionSucceeded {
            campaign: campaign_ix,
            device: 0,
            already: false,
        }
        .into(),
    ]
}

/// A draft, one that was canceled at once, and one that rolls and was paused once: a device succeeded, one failed and
/// waits for its retry, one has just begun, one is in maintenance.
fn campaigns() -> Vec<Fact> {
    let operator = || "ann".parse().unwrap();
    let (campaign_ix, cause) = (2, DeferralCause::Maintenance);
    let accepted = |device| {
        Fact::from(ExecutionAccepted {
            campaign: 2,
            device,
        })
    };
    vec![
        campaign(0, "draft"),
        campaign(1, "mistake"),
        CampaignCanceled {
            campaign: 1,
            operator: Some(operator()),
            reason: Some("wrong release".to_owned()),
        }
        .into(),
        campaign(2, "spring"),
        CampaignStaged { campaign: 2 }.into(),
        CampaignStarted {
            campaign: 2,
            devices: 5,
        }
        .into(),
        PhaseStarted {
            campaign: 2,
            phase: 0,
            cut: 5,
        }
        .into(),
        queued(2, 0),
        queued(2, 1),
        queued(2, 2),
        ExecutionDeferred {
            campaign: campaign_ix,
            device: 3,
            cause,
            window: None,
        }
        .into(),
        accepted(0),
        accepted(1),
        accepted(2),
        ExecutionFailed {
            campaign: 2,
            device: 1,
            error: DeviceError {
                class: ErrorClass::SelfTest,
                code: name("watchdog"),
                message: "no heartbeat within 60 s".to_owned(),
            },
            restored: true,
            retry_at: Some(START + 3_600_000),
        }
        .into(),
        DeviceReported {
            device: 0,
            epoch: Some(2),
            seq: 1,
            fingerprint: 7,
            running: Some(running(Slot::B, "2.0.0")),
            stage: None,
            progress_percent: None,
            boot_ms: Some(4_200),
            battery_drain_bp_per_day: None,
            unexpected_reboots: None,
        }
        .into(),
        ExecutionSucceeded {
            campaign: 2,
            device: 0,
            already: false,
        }
        .into(),
        DeviceReported {
            device: 2,
            epoch: None,
            seq: 2,
            fingerprint: 8,
            running: None,
            stage: Some(Stage::Downloading),
            progress_percent: Some(40),
            boot_ms: None,
            battery_drain_bp_per_day: None,
            unexpected_reboots: None,
        }
        .into(),
        CampaignPaused {
            campaign: 2,
            cause: PauseCause::FailureThreshold {
                failed: 1,
                resolved: 2,
                limit_bp: 500,
            },
        }
        .into(),
        CampaignResumed { campaign: 2 }.into(),
    ]
}

/// A small state with something in every kind of row.
fn state() -> State {
    let mut core = Core::default();
    let facts = [site(), releases(), devices(), campaigns(), staff()].concat();
    for (second, fact) in (0..).zip(&facts) {
        core.replay(START + second * 1000, fact);
    }
    core.state().clone()
}

fn sections(state: &State) -> Vec<Vec<u8>> {
    let mut sections = Vec::new();
    snapshot::write(state, &mut |section| sections.push(section.to_vec()));
    sections
}

fn read<'a>(sections: impl IntoIterator<Item = &'a [u8]>) -> Result<State, SnapshotError> {
    let mut reader = Reader::default();
    for section in sections {
        reader.section(section)?;
    }
    reader.finish()
}

fn read_all(sections: &[Vec<u8>]) -> Result<State, SnapshotError> {
    read(sections.iter().map(Vec::as_slice))
}

/// As [`read_all`], with all that another thread may do left to the end.
fn read_beside(sections: &[Vec<u8>]) -> Result<State, SnapshotError> {
    let mut reader = Reader::default();
    let mut works = Vec::new();
    for section in sections {
        reader.section_beside(section, |work| {
            works.push(work);
            Ok(())
        })?;
    }
    let mut beside = Beside::default();
    for work in works {
        beside.take(work)?;
    }
    reader.put_back(beside);
    reader.finish()
}

/// What the kinds are called in the names of the vectors, in their order.
const KINDS: [&str; 12] = [
    "00-head",
    "10-operators",
    "20-keys",
    "30-answers",
    "40-releases",
    "50-models",
    "51-images",
    "52-profiles",
    "53-attributes",
    "60-devices",
    "70-campaigns",
    "80-members",
];

fn of_kind<'s>(sections: &'s mut [Vec<u8>], wanted: &str) -> &'s mut Vec<u8> {
    &mut sections[KINDS.iter().position(|kind| *kind == wanted).unwrap()]
}

fn goldens() -> Vec<Golden> {
    let sections = sections(&state());
    assert_eq!(sections.len(), KINDS.len(), "a section of every kind");
    let golden = |(at, kind): (usize, &&str)| {
        let before: Vec<_> = sections[..at].to_vec();
        let reads = move |bytes: &[u8]| -> Result<(), String> {
            let mut reader = Reader::default();
            for section in before.iter().map(Vec::as_slice).chain([bytes]) {
                reader
                    .section(section)
                    .map_err(|error| format!("{error:?}"))?;
            }
            Ok(())
        };
        Golden::new(
            format!("section-{kind}"),
            "A section of a snapshot: what it holds, then its rows.",
            Content::Cbor(sections[at].clone()),
            (),
            reads,
        )
        .note("format", snapshot::FORMAT)
    };
    KINDS.iter().enumerate().map(golden).collect()
}

fn vectors() -> Vectors {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/snapshot");
    Vectors::new(directory, goldens())
}

#[test]
fn a_snapshot_is_written_today_as_it_was_yesterday() {
    vectors().check_written();
}

#[test]
fn a_snapshot_of_yesterday_is_read_today() {
    vectors().check_read();
}

#[test]
fn a_state_comes_back_as_it_was() {
    for state in [State::default(), state()] {
        for read in [read_all, read_beside] {
            let read = read(&sections(&state)).unwrap();
            assert_eq!(format!("{read:?}"), format!("{state:?}"));
            assert_eq!(snapshot::digest(&read), snapshot::digest(&state));
            for (ix, device) in read.devices.iter() {
                assert_eq!(read.devices.find(&device.id()), Some(ix));
            }
        }
    }
}

#[test]
fn a_campaign_that_watches_its_devices_comes_back_as_it_was() {
    let mut core = Core::default();
    let facts = [site(), releases(), devices(), campaigns(), watched()].concat();
    for (second, fact) in (0..).zip(&facts) {
        core.replay(START + second * 1000, fact);
    }
    let written = sections(core.state());
    let read = read_all(&written).unwrap();
    assert_eq!(sections(&read), written);
    let health = read.campaigns.get(3).health.as_ref().unwrap();
    assert_eq!(health.figures(Measure::BootTime).change.count, 1);
    assert!(health.awaits(Measure::BatteryDrain) && health.awaits(Measure::BootTime));
}

#[test]
fn the_digest_is_of_lengths_and_sections() {
    let state = state();
    let mut content = Vec::new();
    for section in sections(&state) {
        content.extend(u32::try_from(section.len()).unwrap().to_le_bytes());
        content.extend(section);
    }
    assert_eq!(snapshot::digest(&state), Digest::of(&content).0);
}

#[test]
fn a_fleet_of_thousands_takes_sections_of_limited_size() {
    let mut core = Core::default();
    for device in 0..5_000 {
        core.replay(START, &registered(device, Credential::TokenSha256([3; 32])));
        core.replay(
            START,
            &greeted(device, |fact| {
                let serial = format!("serial-{device}-{}", "x".repeat(60));
                fact.attributes = vec![(name("serial"), serial)];
            }),
        );
    }
    let sections = sections(core.state());
    assert!(sections.len() > 4, "{} sections", sections.len());
    for section in &sections {
        assert!(section.len() <= snapshot::SECTION_BYTES_MAX);
    }
    let read = read_all(&sections).unwrap();
    assert_eq!(snapshot::digest(&read), snapshot::digest(core.state()));
}

#[test]
fn a_section_that_is_missing_is_noticed() {
    let sections = sections(&state());
    for missing in 0..sections.len() {
        let mut rest = sections.clone();
        rest.remove(missing);
        assert!(read_all(&rest).is_err(), "without {}", KINDS[missing]);
        assert!(
            read_all(&sections[..missing]).is_err(),
            "nothing from {} on",
            KINDS[missing]
        );
    }
}

#[test]
fn a_section_in_the_wrong_place_is_refused() {
    let sections = sections(&state());
    for at in 1..sections.len() {
        let mut swapped = sections.clone();
        swapped.swap(at - 1, at);
        assert!(read_all(&swapped).is_err(), "{} too early", KINDS[at]);
        let mut doubled = sections.clone();
        doubled.insert(at, sections[at].clone());
        assert!(read_all(&doubled).is_err(), "{} twice", KINDS[at]);
    }
}

#[test]
fn a_kind_of_a_later_version_is_named() {
    let sections = [sections(&state()), vec![vec![0x81, 0x18, 99]]].concat();
    let error = read_all(&sections).unwrap_err();
    assert!(
        matches!(error, SnapshotError::UnknownKind { kind: 99, .. }),
        "{error:?}"
    );
}

#[test]
fn a_section_over_its_limit_is_refused() {
    let error = read([&vec![0; snapshot::SECTION_BYTES_MAX + 1][..]]).unwrap_err();
    assert!(
        matches!(error, SnapshotError::SectionTooLarge { .. }),
        "{error:?}"
    );
}

/// The store checks digests, so such bytes are not expected; but whatever they are, they are read or refused.
#[test]
fn no_changed_byte_makes_the_reader_panic() {
    let sections = sections(&state());
    let mut refused = 0;
    for (at, section) in sections.iter().enumerate() {
        for byte in 0..section.len() {
            for value in [0x1b, 0xa0, 0xf6, section[byte] ^ 1] {
                let mut changed = sections.clone();
                changed[at][byte] = value;
                if let Ok(state) = read_all(&changed) {
                    let mut core = Core::restore(state);
                    core.replayed();
                } else {
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 1000, "only {refused} refused");
}

#[test]
fn no_cut_makes_the_reader_panic() {
    let sections = sections(&state());
    for (at, section) in sections.iter().enumerate() {
        for end in 0..section.len() {
            let mut cut = sections.clone();
            cut[at].truncate(end);
            assert!(read_all(&cut).is_err(), "{} cut at {end}", KINDS[at]);
        }
    }
}

#[test]
fn tallies_that_are_not_those_of_the_members_are_refused() {
    let mut sections = sections(&state());
    // The member in maintenance, of state 1, is said to have been removed, state 10.
    let members = sections.last_mut().unwrap();
    let deferred = members
        .windows(3)
        .position(|bytes| bytes == [0x02, 0x01, 0x04])
        .unwrap();
    members[deferred + 1] = 10;
    let error = read_all(&sections).unwrap_err();
    assert!(
        matches!(error, SnapshotError::Tally { campaign: 2 }),
        "{error:?}"
    );
}

#[test]
fn two_devices_of_one_name_are_refused() {
    let mut sections = sections(&state());
    let devices = of_kind(&mut sections, "60-devices");
    let third = devices.windows(3).position(|bytes| bytes == b"\x62d3");
    devices[third.unwrap() + 2] = b'2';
    for read in [read_all, read_beside] {
        let error = read(&sections).unwrap_err();
        assert!(
            matches!(
                error,
                SnapshotError::NameTaken {
                    what: "device",
                    row: 2
                }
            ),
            "{error:?}"
        );
    }
}

#[test]
fn an_execution_that_is_another_devices_is_refused() {
    let mut sections = sections(&state());
    let devices = of_kind(&mut sections, "60-devices");
    // The third campaign, and a place in it.
    let places: Vec<_> = (0..devices.len() - 4)
        .filter(|at| devices[*at..].starts_with(&[0x0e, 0x82, 0x02]))
        .map(|at| at + 3)
        .collect();
    devices.swap(places[0], places[1]);
    let error = read_all(&sections).unwrap_err();
    assert!(
        matches!(
            error,
            SnapshotError::OutOfRange {
                what: "device",
                field: "execution",
                ..
            }
        ),
        "{error:?}"
    );
}
