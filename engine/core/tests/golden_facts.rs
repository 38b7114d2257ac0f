//! The stored form of every fact. A log is read for ever, so what is in these files never changes.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

#[expect(dead_code, reason = "facts are neither JSON nor tokens")]
#[path = "../../../schemas/tests/vectors/mod.rs"]
mod vectors;

use std::{collections::BTreeSet, path::Path};

use ed25519_dalek::SigningKey;
use fleetfold_core::{
    Fact,
    calendar::Window,
    fact::{
        Action, AlertCleared, AlertRaised, ApprovalDeclined, ApprovalGiven, ApprovalGranted,
        ApprovalLost, ApprovalPolicySet, ApprovalRequested, ApprovalVoided, ArmsCompared,
        CampaignArchived, CampaignCanceled, CampaignCompleted, CampaignCreated,
        CampaignDefaultsSet, CampaignEdited, CampaignFailed, CampaignFrozen, CampaignMonitoring,
        CampaignPaused, CampaignResumed, CampaignRolledBack, CampaignStaged, CampaignStarted,
        CampaignThawed, CommandAccepted, CommandRefused, DeferralCause, DeltaAdded, DeltaRequested,
        DeltaUnavailable, DeviceAssigned, DeviceExcluded, DeviceFlagged, DeviceGreeted,
        DeviceRegistered, DeviceReported, DeviceUnflagged, ExecutionAccepted, ExecutionCanceled,
        ExecutionContinued, ExecutionDeferred, ExecutionExpedited, ExecutionFailed, ExecutionHeld,
        ExecutionQueued, ExecutionRejected, ExecutionRemoved, ExecutionRetracted,
        ExecutionSucceeded, ExecutionTimedOut, FailureCause, GatePromoted, HopReached, KeptCause,
        KeyTrusted, LifecycleChanged, MemberJoined, OperatorAdded, OperatorChanged,
        OperatorPasswordSet, OperatorRevoked, Ordered, PauseCause, PhaseAdvanced, PhasePassed,
        PhaseStarted, Range, ReleasePublished, RemovalCause, RetriesOrdered, ReturnAccepted,
        ReturnDeferral, ReturnDeferred, ReturnFailed, ReturnQueued, ReturnSkipped, Returned, Role,
        RollbackAdded, RollbackAdvanced, RollbackCause, RollbackStarted, ScheduleEnded, SiteOpened,
        StorageLow, StorageRecovered, TicketClosed, TicketClosure, TicketOpened, Trouble,
        VoidCause, WindowRenewed,
    },
    gate::measure::Measure,
    state::ComparisonVerdict,
};
use fleetfold_schemas::{
    Digest, Name, OperatorId, Sha256,
    campaign::{OnEnd, VersionRequirement},
    command::{ArmName, Credential, Lifecycle, RollbackReason},
    cose::KeyId,
    device::{DeviceError, ErrorClass, Image, Running, Slot, Stage, WaitingFor},
    operator::Tenants,
    status::AlertName,
    suit::{self, Manifest},
};
use vectors::{Content, Golden, Vectors};

/// Where the facts are listed, and numbered.
const SOURCE: &str = include_str!("../src/fact.rs");

/// A new fact does not compile until it has a name here, and has no vector until it has an example below.
fn name(fact: &Fact) -> &'static str {
    match fact {
        Fact::SiteOpened(_) => "SiteOpened",
        Fact::OperatorAdded(_) => "OperatorAdded",
        Fact::KeyTrusted(_) => "KeyTrusted",
        Fact::CommandAccepted(_) => "CommandAccepted",
        Fact::CommandRefused(_) => "CommandRefused",
        Fact::StorageLow(_) => "StorageLow",
        Fact::StorageRecovered(_) => "StorageRecovered",
        Fact::CampaignDefaultsSet(_) => "CampaignDefaultsSet",
        Fact::DeviceRegistered(_) => "DeviceRegistered",
        Fact::DeviceGreeted(_) => "DeviceGreeted",
        Fact::DeviceReported(_) => "DeviceReported",
        Fact::LifecycleChanged(_) => "LifecycleChanged",
        Fact::ReleasePublished(_) => "ReleasePublished",
        Fact::DeltaRequested(_) => "DeltaRequested",
        Fact::DeltaAdded(_) => "DeltaAdded",
        Fact::DeltaUnavailable(_) => "DeltaUnavailable",
        Fact::CampaignCreated(_) => "CampaignCreated",
        Fact::CampaignStaged(_) => "CampaignStaged",
        Fact::CampaignStarted(_) => "CampaignStarted",
        Fact::PhaseStarted(_) => "PhaseStarted",
        Fact::PhasePassed(_) => "PhasePassed",
        Fact::CampaignPaused(_) => "CampaignPaused",
        Fact::CampaignResumed(_) => "CampaignResumed",
        Fact::CampaignCanceled(_) => "CampaignCanceled",
        Fact::CampaignMonitoring(_) => "CampaignMonitoring",
        Fact::CampaignCompleted(_) => "CampaignCompleted",
        Fact::CampaignFailed(_) => "CampaignFailed",
        Fact::ExecutionQueued(_) => "ExecutionQueued",
        Fact::ExecutionAccepted(_) => "ExecutionAccepted",
        Fact::ExecutionSucceeded(_) => "ExecutionSucceeded",
        Fact::ExecutionFailed(_) => "ExecutionFailed",
        Fact::ExecutionRejected(_) => "ExecutionRejected",
        Fact::ExecutionTimedOut(_) => "ExecutionTimedOut",
        Fact::ExecutionRemoved(_) => "ExecutionRemoved",
        Fact::ExecutionCanceled(_) => "ExecutionCanceled",
        Fact::ExecutionRetracted(_) => "ExecutionRetracted",
        Fact::ExecutionDeferred(_) => "ExecutionDeferred",
        Fact::ExecutionHeld(_) => "ExecutionHeld",
        Fact::ExecutionContinued(_) => "ExecutionContinued",
        Fact::MemberJoined(_) => "MemberJoined",
        Fact::HopReached(_) => "HopReached",
        Fact::DeviceFlagged(_) => "DeviceFlagged",
        Fact::DeviceUnflagged(_) => "DeviceUnflagged",
        Fact::CampaignEdited(_) => "CampaignEdited",
        Fact::PhaseAdvanced(_) => "PhaseAdvanced",
        Fact::CampaignArchived(_) => "CampaignArchived",
        Fact::RetriesOrdered(_) => "RetriesOrdered",
        Fact::GatePromoted(_) => "GatePromoted",
        Fact::ArmsCompared(_) => "ArmsCompared",
        Fact::ExecutionExpedited(_) => "ExecutionExpedited",
        Fact::DeviceExcluded(_) => "DeviceExcluded",
        Fact::OperatorChanged(_) => "OperatorChanged",
        Fact::OperatorPasswordSet(_) => "OperatorPasswordSet",
        Fact::OperatorRevoked(_) => "OperatorRevoked",
        Fact::RollbackAdded(_) => "RollbackAdded",
        Fact::RollbackStarted(_) => "RollbackStarted",
        Fact::RollbackAdvanced(_) => "RollbackAdvanced",
        Fact::ReturnQueued(_) => "ReturnQueued",
        Fact::ReturnAccepted(_) => "ReturnAccepted",
        Fact::Returned(_) => "Returned",
        Fact::ReturnFailed(_) => "ReturnFailed",
        Fact::ReturnSkipped(_) => "ReturnSkipped",
        Fact::ReturnDeferred(_) => "ReturnDeferred",
        Fact::CampaignRolledBack(_) => "CampaignRolledBack",
        Fact::ApprovalPolicySet(_) => "ApprovalPolicySet",
        Fact::ApprovalRequested(_) => "ApprovalRequested",
        Fact::ApprovalGiven(_) => "ApprovalGiven",
        Fact::ApprovalGranted(_) => "ApprovalGranted",
        Fact::ApprovalDeclined(_) => "ApprovalDeclined",
        Fact::ApprovalVoided(_) => "ApprovalVoided",
        Fact::ApprovalLost(_) => "ApprovalLost",
        Fact::DeviceAssigned(_) => "DeviceAssigned",
        Fact::AlertRaised(_) => "AlertRaised",
        Fact::AlertCleared(_) => "AlertCleared",
        Fact::TicketOpened(_) => "TicketOpened",
        Fact::TicketClosed(_) => "TicketClosed",
        Fact::WindowRenewed(_) => "WindowRenewed",
        Fact::CampaignFrozen(_) => "CampaignFrozen",
        Fact::CampaignThawed(_) => "CampaignThawed",
        Fact::ScheduleEnded(_) => "ScheduleEnded",
    }
}

/// Argon2id in PHC format, shortened.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

fn two_tenants() -> Tenants {
    Tenants::Only(vec![text("acme"), text("beta")])
}

/// What a stored fact begins with.
fn number(bytes: &[u8]) -> u32 {
    let mut decoder = minicbor::Decoder::new(bytes);
    decoder.array().unwrap();
    decoder.u32().unwrap()
}

/// `DeviceGreeted` as `device-greeted`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.extend(c.to_lowercase());
    }
    text
}

fn text(text: &str) -> Name {
    text.parse().unwrap()
}

fn error() -> DeviceError {
    DeviceError {
        class: ErrorClass::SelfTest,
        code: text("watchdog"),
        message: "no heartbeat within 60 s".to_owned(),
    }
}

fn running() -> Running {
    Running {
        slot: Slot::A,
        version: "1.3.2".parse().unwrap(),
        digest: Digest::of(b"firmware 1.3.2"),
    }
}

fn site() -> Vec<(&'static str, &'static str, Fact)> {
    let opened = |speed| SiteOpened {
        site: text("fleetfold"),
        speed,
    };
    let operator = || "ann".parse().unwrap();
    let id = || "01K5P8T0G0M8WV1YQ3S5JX7ZAB".parse().unwrap();
    vec![
        (
            "",
            "An installation that keeps the wall's time.",
            opened(None).into(),
        ),
        (
            "fast",
            "A demonstration in which an hour takes a minute.",
            opened(Some(60)).into(),
        ),
        (
            "",
            "200 MiB are left for the log, 256 should be.",
            StorageLow {
                free_bytes: 200 << 20,
                floor_bytes: 256 << 20,
            }
            .into(),
        ),
        (
            "",
            "There is room again.",
            StorageRecovered {
                free_bytes: 900 << 20,
            }
            .into(),
        ),
        (
            "",
            "What the configuration says of campaigns has changed.",
            CampaignDefaultsSet {
                defaults: serde_json::from_str(
                    r#"{"defaults":{"rollout_strategy":"canary","failure_threshold":2.5},
                        "monitoring":{"report_interval_hours":"30m"},"failure_handling":{"max_retries":1}}"#,
                )
                .unwrap(),
            }
            .into(),
        ),
        (
            "",
            "An operator; the hash is Argon2id in PHC format, here shortened.",
            OperatorAdded {
                operator: operator(),
                role: Role::Approver,
                password_hash: HASH.to_owned(),
                tenants: Tenants::All,
            }
            .into(),
        ),
        (
            "of-tenants",
            "An operator who sees and commands what belongs to two tenants.",
            OperatorAdded {
                operator: operator(),
                role: Role::Operator,
                password_hash: HASH.to_owned(),
                tenants: two_tenants(),
            }
            .into(),
        ),
        (
            "",
            "An operator has this role from now on, for all tenants.",
            OperatorChanged {
                operator: operator(),
                role: Role::Admin,
                tenants: Tenants::All,
            }
            .into(),
        ),
        (
            "of-tenants",
            "An operator has this role from now on, for two tenants.",
            OperatorChanged {
                operator: operator(),
                role: Role::Viewer,
                tenants: two_tenants(),
            }
            .into(),
        ),
        (
            "",
            "An operator logs in with another password from now on.",
            OperatorPasswordSet {
                operator: operator(),
                password_hash: HASH.to_owned(),
                by: "bea".parse().unwrap(),
            }
            .into(),
        ),
        (
            "",
            "An operator may no longer log in.",
            OperatorRevoked {
                operator: operator(),
                reason: Some("has left".to_owned()),
            }
            .into(),
        ),
        (
            "",
            "Manifests signed by this key are accepted from now on.",
            KeyTrusted {
                name: text("release-2026"),
                public_key: *SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes(),
            }
            .into(),
        ),
        (
            "",
            "A command that is carried out by the facts behind this one.",
            CommandAccepted {
                operator: operator(),
                id: Some(id()),
                command: "campaign.start".to_owned(),
            }
            .into(),
        ),
        (
            "without-id",
            "A command of somebody who does without recognition of repeats.",
            CommandAccepted {
                operator: operator(),
                id: None,
                command: "campaign.start".to_owned(),
            }
            .into(),
        ),
        (
            "",
            "A command that was refused.",
            CommandRefused {
                operator: operator(),
                id: Some(id()),
                command: Some("campaign.resume".to_owned()),
                code: "version_conflict".to_owned(),
                message: "spring is at version 4, not 3".to_owned(),
            }
            .into(),
        ),
        (
            "unreadable",
            "Something on a command topic that was no command.",
            CommandRefused {
                operator: operator(),
                id: None,
                command: None,
                code: "malformed".to_owned(),
                message: "a command is a JSON object".to_owned(),
            }
            .into(),
        ),
    ]
}

fn devices() -> Vec<(&'static str, &'static str, Fact)> {
    let registered = |credential| DeviceRegistered {
        tenant: None,
        device: 17,
        id: "press-17".parse().unwrap(),
        model: "sensor-a".parse().unwrap(),
        credential,
    };
    let registered_of_acme = DeviceRegistered {
        tenant: Some(text("acme")),
        ..registered(Credential::TokenSha256([0xab; 32]))
    };
    let greeted = DeviceGreeted {
        device: 17,
        epoch: 3,
        seq: 1,
        fingerprint: 0x1234_abcd,
        login_counter: Some(41),
        hardware: Some("rev-c.2".parse().unwrap()),
        capabilities: vec![text("bidiff-zstd")],
        region: Some(text("eu-north")),
        tenant: Some(text("acme")),
        tags: vec![text("line-2"), text("indoor")],
        attributes: vec![(text("site"), "hall 4".to_owned())],
        running: running(),
        standby: Some(Image {
            version: "1.3.1".parse().unwrap(),
            digest: Digest::of(b"firmware 1.3.1"),
        }),
        time_zone: Some("Europe/Berlin".parse().unwrap()),
    };
    let greeted_least = DeviceGreeted {
        login_counter: None,
        hardware: None,
        capabilities: vec![],
        region: None,
        tenant: None,
        tags: vec![],
        attributes: vec![],
        standby: None,
        time_zone: None,
        ..greeted.clone()
    };
    let reported = DeviceReported {
        device: 17,
        epoch: Some(4),
        seq: 2,
        fingerprint: 7,
        running: Some(running()),
        stage: Some(Stage::Trial),
        progress_percent: Some(75),
        boot_ms: Some(8200),
        battery_drain_bp_per_day: None,
        unexpected_reboots: None,
    };
    let reported_least = DeviceReported {
        epoch: None,
        running: None,
        stage: None,
        progress_percent: None,
        boot_ms: None,
        battery_drain_bp_per_day: None,
        unexpected_reboots: None,
        ..reported.clone()
    };
    let reported_health = DeviceReported {
        boot_ms: Some(8200),
        battery_drain_bp_per_day: Some(412),
        unexpected_reboots: Some(3),
        ..reported_least.clone()
    };
    let key = *SigningKey::from_bytes(&[17; 32]).verifying_key().as_bytes();
    let token = Sha256::of(b"wS9xTbKp2mV4nQ7rZ1cY5u").0;
    vec![
        (
            "",
            "A device that logs in with tokens it signs.",
            registered(Credential::PublicKey(key)).into(),
        ),
        (
            "token",
            "A device that logs in with a fixed token.",
            registered(Credential::TokenSha256(token)).into(),
        ),
        (
            "of-acme",
            "A device that belongs to a tenant.",
            registered_of_acme.into(),
        ),
        (
            "",
            "It belongs to another tenant.",
            DeviceAssigned {
                device: 17,
                tenant: text("beta"),
            }
            .into(),
        ),
        ("", "A hello with everything in it.", greeted.into()),
        (
            "least",
            "A hello with what none may lack.",
            greeted_least.into(),
        ),
        (
            "health",
            "A report that says how the device is doing.",
            reported_health.into(),
        ),
        ("", "A report in which everything is new.", reported.into()),
        (
            "least",
            "A report in which all is as it was before.",
            reported_least.into(),
        ),
        (
            "",
            "A device is kept out of campaigns.",
            LifecycleChanged {
                device: 17,
                lifecycle: Lifecycle::Maintenance,
            }
            .into(),
        ),
    ]
}

fn releases() -> Vec<(&'static str, &'static str, Fact)> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let vendor_id = suit::vendor_id("acme.example");
    let manifest = Manifest {
        sequence: 70,
        vendor_id,
        class_id: suit::class_id(vendor_id, &"sensor-a".parse().unwrap()),
        component: text(suit::FIRMWARE),
        image_sha256: Sha256::of(b"firmware 1.4.0"),
        image_size_bytes: 14,
        version: "1.4.0".parse().unwrap(),
        uri: "fleetfold:image".to_owned(),
    };
    let (release, from) = (1, 0);
    vec![
        (
            "",
            "A release, with its manifest as it was signed.",
            ReleasePublished {
                release,
                model: "sensor-a".parse().unwrap(),
                version: "1.4.0".parse().unwrap(),
                vendor: "acme.example".to_owned(),
                sequence: 70,
                image: Digest::of(b"firmware 1.4.0"),
                image_sha256: Sha256::of(b"firmware 1.4.0"),
                image_bytes: 14,
                manifest: manifest.sign(&key),
                advisories: None,
                requires: None,
                hardware: Vec::new(),
                key_id: KeyId::of(&key.verifying_key()).0.to_vec(),
            }
            .into(),
        ),
        (
            "security",
            "A security release.",
            ReleasePublished {
                release,
                model: "sensor-a".parse().unwrap(),
                version: "1.4.0".parse().unwrap(),
                vendor: "acme.example".to_owned(),
                sequence: 70,
                image: Digest::of(b"firmware 1.4.0"),
                image_sha256: Sha256::of(b"firmware 1.4.0"),
                image_bytes: 14,
                manifest: manifest.sign(&key),
                key_id: KeyId::of(&key.verifying_key()).0.to_vec(),
                advisories: Some(vec!["CVE-2026-1234".parse().unwrap()]),
                requires: None,
                hardware: Vec::new(),
            }
            .into(),
        ),
        (
            "conditional",
            "A release that may not be installed on any version, nor on any hardware.",
            ReleasePublished {
                release,
                model: "sensor-a".parse().unwrap(),
                version: "1.4.0".parse().unwrap(),
                vendor: "acme.example".to_owned(),
                sequence: 70,
                image: Digest::of(b"firmware 1.4.0"),
                image_sha256: Sha256::of(b"firmware 1.4.0"),
                image_bytes: 14,
                manifest: manifest.sign(&key),
                key_id: KeyId::of(&key.verifying_key()).0.to_vec(),
                advisories: None,
                requires: VersionRequirement::parse(">=1.2.0"),
                hardware: vec!["2".parse().unwrap()],
            }
            .into(),
        ),
        (
            "",
            "A delta from release 0 to release 1 is wanted.",
            DeltaRequested { release, from }.into(),
        ),
        (
            "",
            "The delta is there.",
            DeltaAdded {
                release,
                from,
                digest: Digest::of(b"delta"),
                bytes: 5,
            }
            .into(),
        ),
        (
            "",
            "There will be no delta.",
            DeltaUnavailable {
                release,
                from,
                reason: "larger than 80 % of the image".to_owned(),
            }
            .into(),
        ),
    ]
}

fn ann() -> OperatorId {
    "ann".parse().unwrap()
}

fn approvals() -> Vec<(&'static str, &'static str, Fact)> {
    let (campaign, request) = (2, 4643);
    let bea = || "bea".parse().unwrap();
    let requested = |action, reason: Option<&str>| {
        ApprovalRequested {
            campaign,
            by: ann(),
            action,
            digest: Digest::of(b"{}"),
            expires_at: 1_790_604_800_000,
            reason: reason.map(str::to_owned),
        }
        .into()
    };
    vec![
        (
            "",
            "Two others must want a start and one a way back, within two days.",
            ApprovalPolicySet {
                policy: serde_json::from_str(r#"{"start":2,"rollback":1,"expires_hours":"2d"}"#)
                    .unwrap(),
            }
            .into(),
        ),
        (
            "start",
            "Somebody wants a campaign to start.",
            requested(Action::Start, Some("it is due")),
        ),
        (
            "advance",
            "Somebody does not want to wait for the first phase.",
            requested(Action::Advance { phase: 0 }, None),
        ),
        (
            "expedite",
            "Somebody wants a device to have its turn now.",
            requested(
                Action::Expedite {
                    device: "press-17".parse().unwrap(),
                },
                None,
            ),
        ),
        (
            "resume",
            "Somebody wants a campaign to go on.",
            requested(Action::Resume, None),
        ),
        (
            "rollback",
            "Somebody wants devices to go back, first a tenth of them.",
            requested(
                Action::Rollback {
                    reason: RollbackReason::CriticalBug,
                    phases_bp: vec![1000, 10_000],
                },
                None,
            ),
        ),
        (
            "promote",
            "Somebody wants everybody to get what arm B was given.",
            requested(Action::Promote { arm: ArmName::B }, None),
        ),
        (
            "",
            "Another person wants it, too.",
            ApprovalGiven {
                campaign,
                request,
                by: bea(),
                reason: Some("looked at the canaries".to_owned()),
            }
            .into(),
        ),
        (
            "",
            "Enough people want it.",
            ApprovalGranted { campaign, request }.into(),
        ),
        (
            "",
            "Another person does not want it.",
            ApprovalDeclined {
                campaign,
                request,
                by: bea(),
                reason: None,
            }
            .into(),
        ),
        (
            "",
            "Too few have wanted it in time.",
            ApprovalVoided {
                campaign,
                request,
                cause: VoidCause::Expired,
            }
            .into(),
        ),
        (
            "",
            "Who approved may not approve any more.",
            ApprovalLost {
                campaign,
                request,
                by: bea(),
            }
            .into(),
        ),
    ]
}

fn campaigns() -> Vec<(&'static str, &'static str, Fact)> {
    let campaign = 2;
    let spec = r#"{"id":"spring","release":{"model":"sensor-a","version":"1.4.0"}}"#;
    let paused = |cause| CampaignPaused { campaign, cause }.into();
    vec![
        (
            "",
            "A campaign; its description is the JSON text with every default written out.",
            CampaignCreated {
                campaign,
                release: 1,
                spec: serde_json::from_str(spec).unwrap(),
                other_releases: Vec::new(),
                ordered: None,
                other_arm: Vec::new(),
                authors: Vec::new(),
            }
            .into(),
        ),
        (
            "ordered",
            "A campaign that updates one device by itself.",
            CampaignCreated {
                campaign,
                release: 1,
                spec: serde_json::from_str(spec).unwrap(),
                other_releases: Vec::new(),
                other_arm: Vec::new(),
                authors: Vec::new(),
                ordered: Some(Ordered {
                    device: 3,
                    operator: "ann".parse().unwrap(),
                    reason: Some("asked for by the owner".to_owned()),
                }),
            }
            .into(),
        ),
        (
            "",
            "The campaign is described anew, for two models.",
            CampaignEdited {
                campaign,
                release: 1,
                spec: serde_json::from_str(
                    r#"{"id":"spring","releases":[{"model":"sensor-a","version":"1.4.0"},
                        {"model":"gateway-b","version":"2.0.0"}]}"#,
                )
                .unwrap(),
                other_releases: vec![4],
                other_arm: vec![5, 6],
                authors: Vec::new(),
            }
            .into(),
        ),
        (
            "by-ann",
            "A campaign, and who has described it.",
            CampaignCreated {
                campaign,
                release: 1,
                spec: serde_json::from_str(spec).unwrap(),
                other_releases: Vec::new(),
                ordered: None,
                other_arm: Vec::new(),
                authors: vec![ann()],
            }
            .into(),
        ),
        (
            "by-ann",
            "The campaign is described anew, by this operator.",
            CampaignEdited {
                campaign,
                release: 1,
                spec: serde_json::from_str(spec).unwrap(),
                other_releases: Vec::new(),
                other_arm: Vec::new(),
                authors: vec![ann()],
            }
            .into(),
        ),
        (
            "",
            "An operator does not wait for the first phase to pass.",
            PhaseAdvanced {
                campaign,
                phase: 0,
                operator: "ann".parse().unwrap(),
                reason: Some("urgent".to_owned()),
            }
            .into(),
        ),
        (
            "",
            "The gate with two rates takes the release for a good one.",
            GatePromoted {
                campaign,
                failed: 0,
                succeeded: 27,
            }
            .into(),
        ),
        (
            "",
            "Of two releases the second is better.",
            ArmsCompared {
                campaign,
                verdict: ComparisonVerdict::B,
                outcomes_a: 210,
                succeeded_a: 170,
                outcomes_b: 205,
                succeeded_b: 203,
            }
            .into(),
        ),
        (
            "",
            "It is out of sight.",
            CampaignArchived { campaign }.into(),
        ),
        (
            "",
            "All devices that have failed get another attempt.",
            RetriesOrdered {
                campaign,
                only: None,
                operator: "ann".parse().unwrap(),
                reason: None,
            }
            .into(),
        ),
        (
            "",
            "It is to start as soon as its deltas are there.",
            CampaignStaged { campaign }.into(),
        ),
        (
            "",
            "It starts with so many members.",
            CampaignStarted {
                campaign,
                devices: 1000,
            }
            .into(),
        ),
        (
            "",
            "A phase starts; the first 10 members by rank are in it.",
            PhaseStarted {
                campaign,
                phase: 0,
                cut: 10,
            }
            .into(),
        ),
        (
            "",
            "A phase is through.",
            PhasePassed { campaign, phase: 0 }.into(),
        ),
        (
            "operator",
            "An operator paused it.",
            paused(PauseCause::Operator {
                operator: "ann".parse().unwrap(),
                reason: Some("line 2 is down for repairs".to_owned()),
            }),
        ),
        (
            "operator-without-reason",
            "An operator paused it and did not say why.",
            paused(PauseCause::Operator {
                operator: "ann".parse().unwrap(),
                reason: None,
            }),
        ),
        (
            "failure-threshold",
            "More than the configured share failed.",
            paused(PauseCause::FailureThreshold {
                failed: 3,
                resolved: 20,
                limit_bp: 1000,
            }),
        ),
        (
            "failure-evidence",
            "The evidence of an unusual failure rate is strong enough.",
            paused(PauseCause::FailureEvidence {
                failed: 4,
                succeeded: 16,
                expected_bp: 200,
                false_pause_bp: 500,
            }),
        ),
        (
            "bad-rate",
            "The evidence speaks for the bad failure rate rather than the expected one.",
            paused(PauseCause::BadRate {
                failed: 2,
                succeeded: 2,
                expected_bp: 200,
                bad_bp: 1000,
                false_pause_bp: 500,
            }),
        ),
        (
            "stratum-evidence",
            "The same averaged over the strata; named is the one that speaks loudest.",
            paused(PauseCause::StratumEvidence {
                stratum: "D".to_owned(),
                failed: 5,
                succeeded: 0,
                expected_bp: 500,
                false_pause_bp: 500,
            }),
        ),
        (
            "health",
            "Updated devices drain their batteries, by 0.5 % a day at least: more than the 0.4 % that is bearable.",
            paused(PauseCause::Health {
                measure: Measure::BatteryDrain,
                devices: 72,
                before: 404,
                margin: 40,
                past: Some(Range {
                    value: 70,
                    low: 51,
                    high: 89,
                }),
                pairs: 70,
                others: Some(Range {
                    value: 68,
                    low: 50,
                    high: 86,
                }),
                false_pause_bp: 500,
            }),
        ),
        (
            "success-unreachable",
            "The phase's success threshold can no longer be met.",
            paused(PauseCause::SuccessUnreachable {
                lost: 1,
                devices: 10,
                threshold_bp: 9500,
            }),
        ),
        ("", "It goes on.", CampaignResumed { campaign }.into()),
        (
            "",
            "An operator ended it.",
            CampaignCanceled {
                campaign,
                operator: Some("ann".parse().unwrap()),
                reason: Some("superseded by 1.4.1".to_owned()),
            }
            .into(),
        ),
        (
            "by-schedule",
            "Its schedule ended.",
            CampaignCanceled {
                campaign,
                operator: None,
                reason: None,
            }
            .into(),
        ),
        (
            "schedule-ended",
            "Its schedule ended.",
            paused(PauseCause::ScheduleEnded),
        ),
        (
            "schedule-ended",
            "Its schedule was over before the last phase was through.",
            CampaignFailed {
                campaign,
                cause: FailureCause::ScheduleEnded { phase: 1 },
            }
            .into(),
        ),
        (
            "",
            "A freeze has begun.",
            CampaignFrozen {
                campaign,
                until: 1_790_090_000_000,
                reason: Some("stocktaking".to_owned()),
            }
            .into(),
        ),
        (
            "without-reason",
            "A freeze has begun, and nobody has said why.",
            CampaignFrozen {
                campaign,
                until: 1_790_090_000_000,
                reason: None,
            }
            .into(),
        ),
        (
            "",
            "The freeze is over.",
            CampaignThawed { campaign }.into(),
        ),
        (
            "",
            "The end of its schedule has come.",
            ScheduleEnded {
                campaign,
                on_end: OnEnd::Cancel,
            }
            .into(),
        ),
        (
            "",
            "Only the watch time of the last phase remains.",
            CampaignMonitoring { campaign }.into(),
        ),
        ("", "It is through.", CampaignCompleted { campaign }.into()),
        (
            "",
            "Its time was over before the last phase was through.",
            CampaignFailed {
                campaign,
                cause: FailureCause::Deadline { phase: 1 },
            }
            .into(),
        ),
    ]
}

fn executions() -> Vec<(&'static str, &'static str, Fact)> {
    let (campaign, device) = (2, 17);
    let removed = |cause| {
        ExecutionRemoved {
            campaign,
            device,
            cause,
        }
        .into()
    };
    let deferred = |cause| {
        ExecutionDeferred {
            campaign,
            device,
            cause,
            window: None,
        }
        .into()
    };
    let window = Window {
        from: 1_790_000_000_000,
        until: 1_790_010_800_000,
    };
    let succeeded = |already| {
        ExecutionSucceeded {
            campaign,
            device,
            already,
        }
        .into()
    };
    vec![
        (
            "",
            "A job is offered; this fact's position is the job's sequence number.",
            ExecutionQueued {
                campaign,
                device,
                attempt: 1,
                window: None,
                via: None,
            }
            .into(),
        ),
        (
            "via",
            "The device must pass through another release first.",
            ExecutionQueued {
                campaign,
                device,
                attempt: 1,
                window: None,
                via: Some(1),
            }
            .into(),
        ),
        (
            "",
            "Too many of a device's executions have failed in a row.",
            DeviceFlagged {
                device,
                campaign,
                failed: 3,
            }
            .into(),
        ),
        (
            "",
            "Somebody has looked at it.",
            DeviceUnflagged {
                device,
                operator: "ann".parse().unwrap(),
                reason: Some("power supply replaced".to_owned()),
            }
            .into(),
        ),
        (
            "",
            "It has, and gets the next job.",
            HopReached {
                campaign,
                device,
                release: 1,
            }
            .into(),
        ),
        (
            "in-a-window",
            "A job is offered that the device may install within its maintenance window.",
            ExecutionQueued {
                campaign,
                device,
                attempt: 1,
                window: Some(window),
                via: None,
            }
            .into(),
        ),
        (
            "",
            "A device that has not got to installing within its window has another one.",
            WindowRenewed {
                campaign,
                device,
                window,
            }
            .into(),
        ),
        (
            "window",
            "The device's maintenance window is not open.",
            ExecutionDeferred {
                campaign,
                device,
                cause: DeferralCause::Window,
                window: Some(window),
            }
            .into(),
        ),
        (
            "schedule-ended",
            "The campaign's schedule ended first.",
            removed(RemovalCause::ScheduleEnded),
        ),
        (
            "",
            "A device gets its turn before the others.",
            ExecutionExpedited {
                campaign,
                device,
                operator: "ann".parse().unwrap(),
                reason: Some("the customer waits".to_owned()),
            }
            .into(),
        ),
        (
            "",
            "A device is taken out.",
            DeviceExcluded {
                campaign,
                device,
                operator: "ann".parse().unwrap(),
                reason: None,
            }
            .into(),
        ),
        (
            "",
            "A device has come to fit the second group after the start and is in from the first phase on.",
            MemberJoined {
                campaign,
                device,
                group: 1,
                phase: 0,
            }
            .into(),
        ),
        (
            "",
            "The device works on it.",
            ExecutionAccepted { campaign, device }.into(),
        ),
        (
            "",
            "The device runs the target, confirmed.",
            succeeded(false),
        ),
        (
            "already",
            "The device ran the target before.",
            succeeded(true),
        ),
        (
            "",
            "An attempt failed, and another is due at that time.",
            ExecutionFailed {
                campaign,
                device,
                error: error(),
                restored: true,
                retry_at: Some(1_790_008_400_000),
            }
            .into(),
        ),
        (
            "",
            "The device declined.",
            ExecutionRejected {
                campaign,
                device,
                error: DeviceError {
                    class: ErrorClass::Verification,
                    code: text("suit_class"),
                    message: String::new(),
                },
                retry_at: None,
            }
            .into(),
        ),
        (
            "",
            "The device fell silent, and no attempt is left.",
            ExecutionTimedOut {
                campaign,
                device,
                retry_at: None,
            }
            .into(),
        ),
        (
            "not-contacted",
            "The device never took the job.",
            removed(RemovalCause::NotContacted),
        ),
        (
            "retired",
            "The device is no more.",
            removed(RemovalCause::Retired),
        ),
        (
            "superseded",
            "It runs a newer release than the campaign's.",
            removed(RemovalCause::Superseded),
        ),
        (
            "",
            "The job was taken back.",
            ExecutionCanceled { campaign, device }.into(),
        ),
        (
            "",
            "The device has gone back to another image by itself.",
            ExecutionRetracted {
                campaign,
                device,
                running: Digest::of(b"firmware 1.3.2"),
            }
            .into(),
        ),
        (
            "busy",
            "Another campaign has the device.",
            deferred(DeferralCause::Busy),
        ),
        (
            "maintenance",
            "The device is in maintenance.",
            deferred(DeferralCause::Maintenance),
        ),
    ]
}

/// Devices that wait, or cannot.
fn waits() -> Vec<(&'static str, &'static str, Fact)> {
    let (campaign, device) = (3, 17);
    let removed = |cause| {
        let removed = ExecutionRemoved {
            campaign,
            device,
            cause,
        };
        Fact::from(removed)
    };
    let held = |waiting_for, until_ms, postponed| {
        let held = ExecutionHeld {
            campaign,
            device,
            waiting_for,
            until_ms,
            postponed,
        };
        Fact::from(held)
    };
    vec![
        (
            "battery",
            "The device has the image and waits to be charged.",
            held(WaitingFor::Battery, None, 0),
        ),
        (
            "consent",
            "Its user has put it off twice.",
            held(WaitingFor::Consent, Some(1_790_005_000_000), 2),
        ),
        (
            "",
            "The device goes on.",
            ExecutionContinued { campaign, device }.into(),
        ),
        (
            "precondition-unmet",
            "The device has waited for too long.",
            removed(RemovalCause::PreconditionUnmet),
        ),
        (
            "consent-denied",
            "Its user has put it off as often as possible.",
            removed(RemovalCause::ConsentDenied),
        ),
        (
            "conditions-unsupported",
            "The device does not know how to wait.",
            removed(RemovalCause::ConditionsUnsupported),
        ),
        (
            "called-back",
            "The device waited when the campaign paused.",
            ExecutionDeferred {
                campaign,
                device,
                cause: DeferralCause::CalledBack,
                window: None,
            }
            .into(),
        ),
    ]
}

/// The way back.
fn rollbacks() -> Vec<(&'static str, &'static str, Fact)> {
    let (campaign, device) = (3, 17);
    let started = |cause, phases_bp| RollbackStarted {
        campaign,
        cause,
        phases_bp,
    };
    let failed = |retry_at| ReturnFailed {
        campaign,
        device,
        error: error(),
        retry_at,
    };
    let skipped = |cause| {
        ReturnSkipped {
            campaign,
            device,
            cause,
        }
        .into()
    };
    let deferred = |cause| {
        ReturnDeferred {
            campaign,
            device,
            to: 1,
            cause,
        }
        .into()
    };
    let failure = RollbackCause::FailureThreshold {
        failed: 5,
        resolved: 20,
        limit_bp: 2000,
    };
    let operator = RollbackCause::Operator {
        operator: "ann".parse().unwrap(),
        reason: RollbackReason::CriticalBug,
    };
    vec![
        (
            "",
            "A way back from the third release to the second; the manifest is here shortened.",
            RollbackAdded {
                release: 2,
                to: 1,
                sequence: 71,
                manifest: vec![0xd8, 0x6b],
            }
            .into(),
        ),
        (
            "",
            "An operator takes a release back, first from a tenth of the devices.",
            started(operator, vec![1000, 10_000]).into(),
        ),
        (
            "failures",
            "Too many devices have failed; all that have not go back at once.",
            started(failure, vec![10_000]).into(),
        ),
        (
            "",
            "The next share may go back.",
            RollbackAdvanced { campaign, phase: 1 }.into(),
        ),
        (
            "",
            "A device's job is to go back.",
            ReturnQueued {
                campaign,
                device,
                attempt: 1,
                to: 1,
            }
            .into(),
        ),
        (
            "",
            "The device works on it.",
            ReturnAccepted { campaign, device }.into(),
        ),
        (
            "",
            "The device is back, and that is attested.",
            Returned {
                campaign,
                device,
                already: false,
            }
            .into(),
        ),
        (
            "",
            "It could not, and tries again.",
            failed(Some(1_767_229_200_000)).into(),
        ),
        (
            "last",
            "It could not, and will not try again.",
            failed(None).into(),
        ),
        (
            "",
            "No way back was signed to anything the device could run.",
            skipped(KeptCause::NoRollbackImage),
        ),
        (
            "not-contacted",
            "The device was out of reach to the end.",
            skipped(KeptCause::NotContacted),
        ),
        (
            "runs-another",
            "The device has moved on.",
            skipped(KeptCause::RunsAnother),
        ),
        (
            "retired",
            "The device is no more.",
            skipped(KeptCause::Retired),
        ),
        (
            "canceled",
            "The rollback was canceled before the device took its job.",
            skipped(KeptCause::Canceled),
        ),
        (
            "",
            "Another campaign's job is open on the device.",
            deferred(ReturnDeferral::Busy),
        ),
        (
            "maintenance",
            "The device is in maintenance.",
            deferred(ReturnDeferral::Maintenance),
        ),
        (
            "made-way",
            "Its queued job made way for another campaign's.",
            deferred(ReturnDeferral::MadeWay),
        ),
        (
            "not-contacted",
            "It did not take its job in time.",
            deferred(ReturnDeferral::NotContacted),
        ),
        (
            "",
            "All that could be sent back has been.",
            CampaignRolledBack { campaign }.into(),
        ),
    ]
}

/// Alerts and tickets.
fn troubles() -> Vec<(&'static str, &'static str, Fact)> {
    let (campaign, device) = (3, 17);
    let raised = |trouble| {
        let campaign = Some(campaign);
        Fact::from(AlertRaised { campaign, trouble })
    };
    let closed = |device, closure| {
        let ticket = 4711;
        Fact::from(TicketClosed {
            ticket,
            campaign,
            device,
            closure,
        })
    };
    vec![
        (
            "failure-rate",
            "More failures than the campaign is to have.",
            raised(Trouble::FailureRate {
                failed: 3,
                outcomes: 40,
                limit_bp: 500,
            }),
        ),
        (
            "timeouts",
            "Two devices have taken their job a day ago and are not heard of.",
            raised(Trouble::Timeouts {
                devices: 2,
                limit_ms: 86_400_000,
            }),
        ),
        (
            "stalled",
            "Nothing has happened for a day.",
            raised(Trouble::Stalled {
                since: 1_767_225_600_000,
                limit_ms: 86_400_000,
                waiting: 12,
            }),
        ),
        (
            "window-never-opens",
            "The campaign is over before the windows of two devices open.",
            raised(Trouble::WindowNeverOpens { devices: 2 }),
        ),
        (
            "paused",
            "It has paused by itself.",
            raised(Trouble::Paused { exposed: 37 }),
        ),
        (
            "devices-offline",
            "A quarter of its devices has fallen silent.",
            raised(Trouble::DevicesOffline {
                devices: 25,
                known: 100,
                limit_bp: 2000,
                limit_ms: 604_800_000,
            }),
        ),
        (
            "performance-degradation",
            "Updated devices take longer to boot.",
            raised(Trouble::PerformanceDegradation {
                measure: Measure::BootTime,
                devices: 72,
                before: 10_100,
                margin: 505,
                past: Some(Range {
                    value: 900,
                    low: 700,
                    high: 1100,
                }),
                pairs: 0,
                others: None,
            }),
        ),
        (
            "",
            "The failures have become fewer.",
            AlertCleared {
                campaign: Some(campaign),
                alert: AlertName::FailureRate,
            }
            .into(),
        ),
        (
            "",
            "A device has failed for good.",
            TicketOpened {
                campaign,
                device: Some(device),
                error: Some(error()),
                attempts: 3,
            }
            .into(),
        ),
        (
            "further",
            "More devices have failed for good than there may be tickets.",
            TicketOpened {
                campaign,
                device: None,
                error: None,
                attempts: 0,
            }
            .into(),
        ),
        (
            "",
            "Somebody has seen to it.",
            closed(
                Some(device),
                TicketClosure::Operator {
                    operator: "ann".parse().unwrap(),
                    reason: Some("power supply replaced".to_owned()),
                },
            ),
        ),
        (
            "success",
            "The device has succeeded after all.",
            closed(Some(device), TicketClosure::Success),
        ),
        (
            "further",
            "Somebody has seen to the further devices.",
            closed(
                None,
                TicketClosure::Operator {
                    operator: "ann".parse().unwrap(),
                    reason: None,
                },
            ),
        ),
    ]
}

fn goldens() -> Vec<(&'static str, Golden)> {
    [
        site(),
        devices(),
        releases(),
        campaigns(),
        approvals(),
        executions(),
        waits(),
        rollbacks(),
        troubles(),
    ]
    .into_iter()
    .flatten()
    .map(|(variation, about, fact)| {
        let mut bytes = Vec::new();
        fact.encode_into(&mut bytes);
        let name = name(&fact);
        let mut file = format!("fact-{:02}-{}", number(&bytes), kebab(name));
        if !variation.is_empty() {
            file = format!("{file}-{variation}");
        }
        let json = serde_json::to_vec(&fact).unwrap();
        let golden = Golden::new(file, about, Content::Cbor(bytes), fact, Fact::decode)
            .note("cddl", "fact")
            .also("json", json);
        (name, golden)
    })
    .collect()
}

#[test]
fn every_fact_is_stored_as_it_always_was_and_read_back() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let goldens = goldens().into_iter().map(|(_, golden)| golden).collect();
    let vectors = Vectors::new(directory, goldens);
    vectors.check_written();
    vectors.check_read();
}

#[test]
fn every_fact_there_is_has_a_vector_under_its_number() {
    let listed: BTreeSet<String> = SOURCE
        .lines()
        .filter_map(|line| {
            let (number, rest) = line.strip_prefix("    ")?.split_once(' ')?;
            let name = rest.strip_suffix(" {")?;
            let number: u32 = number.parse().ok()?;
            Some(format!("fact-{number:02}-{}", kebab(name)))
        })
        .collect();
    assert!(listed.len() > 30, "the list of facts is not where it was");
    for (name, golden) in goldens() {
        let is_listed = listed.iter().any(|fact| golden.name.starts_with(fact));
        assert!(is_listed, "{name} as {}", golden.name);
    }
    let goldens = goldens();
    for fact in listed {
        let has_vector = goldens
            .iter()
            .any(|(_, golden)| golden.name.starts_with(&fact));
        assert!(has_vector, "{fact}");
    }
}
