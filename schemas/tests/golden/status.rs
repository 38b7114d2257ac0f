//! What the engine shows: one retained value for each device, campaign and release.

use std::collections::BTreeMap;

use fleetfold_schemas::{
    CampaignId, DeviceId, DeviceTopic, Digest, Sha256, TicketId, Topic,
    approval::ApprovalStatus,
    campaign::{BasisPoints, VersionRequirement},
    codec::encode_json,
    command::Lifecycle,
    cose::KeyId,
    device::{ErrorClass, Image, Slot, Stage, Waiting, WaitingFor},
    rehearsal::{
        Assumptions, Course, Exposure, Finding, Quantiles, Rehearsal, RehearsalStatus, Severity,
    },
    status::{
        Alert, AlertKind, CampaignState, CampaignStatus, Cause, Degraded, DeltaState, DeltaStatus,
        DeviceStatus, Evidence, ExecutionStatus, ExecutionView, FlaggedStatus, FleetSummary,
        GroupStatus, Hold, PhaseState, PhaseStatus, ReleaseStatus, RollbackProgress,
        RollbackStatus, SlotStatus, Tally, Ticket, WindowsStatus,
    },
    topic::CampaignTopic,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    operator::spec,
    vectors::{Content, Golden},
    world::{
        HOUR_MS, NOW_MS, campaign, device, error, name, new_image, of_device, old_image,
        release_key, version,
    },
};

pub fn status<T>(name: &str, about: &'static str, topic: Topic, value: T) -> Golden
where
    T: Serialize + DeserializeOwned + PartialEq + 'static,
{
    let content = Content::Json(encode_json(&value));
    Golden::new(name, about, content, value, |bytes| {
        serde_json::from_slice::<T>(bytes)
    })
    .note("topic", topic)
}

pub fn device_statuses() -> Vec<Golden> {
    let slot = |slot, image: Image| {
        Some(SlotStatus {
            slot,
            version: image.version,
            digest: image.digest,
        })
    };
    let downloading = DeviceStatus {
        device: device(),
        model: "sensor-a".parse().unwrap(),
        lifecycle: Lifecycle::Active,
        tenant: Some(name("acme")),
        running: slot(Slot::A, old_image()),
        standby: None,
        flagged: None,
        last_seen_ms: Some(NOW_MS + 90_000),
        time_zone: Some("Europe/Berlin".parse().unwrap()),
        time_zone_unknown: false,
        execution: Some(ExecutionView {
            campaign: campaign(),
            attempt: 1,
            via: None,
            status: ExecutionStatus::InProgress,
            stage: Some(Stage::Downloading),
            progress_percent: Some(75),
            waiting: None,
            error: None,
            changed_ms: NOW_MS + 60_000,
        }),
    };
    let postponed = DeviceStatus {
        execution: downloading
            .execution
            .clone()
            .map(|execution| ExecutionView {
                via: Some(version("1.3.5")),
                stage: Some(Stage::Installing),
                progress_percent: None,
                waiting: Some(Waiting {
                    what: WaitingFor::Consent,
                    until_ms: Some(NOW_MS + HOUR_MS),
                    postponed: 2,
                }),
                ..execution
            }),
        ..downloading.clone()
    };
    let failed = DeviceStatus {
        flagged: Some(FlaggedStatus {
            since_ms: NOW_MS + 90_000,
            failed: 3,
            campaign: campaign(),
        }),
        standby: slot(Slot::B, new_image()),
        execution: Some(ExecutionView {
            campaign: campaign(),
            attempt: 2,
            via: None,
            status: ExecutionStatus::Failed,
            stage: None,
            progress_percent: None,
            waiting: None,
            error: Some(error(
                ErrorClass::SelfTest,
                "watchdog",
                "no heartbeat within 60 s",
            )),
            changed_ms: NOW_MS + 600_000,
        }),
        ..downloading.clone()
    };
    let unheard = DeviceStatus {
        lifecycle: Lifecycle::Provisioned,
        tenant: None,
        running: None,
        standby: None,
        last_seen_ms: None,
        time_zone: None,
        execution: None,
        ..downloading.clone()
    };
    [
        (
            "status-device-unheard",
            "A device that is registered and was never heard of.",
            unheard,
        ),
        (
            "status-device-downloading",
            "A device with a job under way.",
            downloading,
        ),
        (
            "status-device-waiting",
            "A device whose user has put the installation off twice.",
            postponed,
        ),
        (
            "status-device-failed",
            "A device whose latest attempt failed.",
            failed,
        ),
    ]
    .into_iter()
    .map(|(name, about, value)| status(name, about, of_device(DeviceTopic::Status), value))
    .collect()
}

fn tally(updated: u64, failed: u64, in_progress: u64, not_contacted: u64, removed: u64) -> Tally {
    Tally {
        updated,
        failed,
        in_progress,
        not_contacted,
        removed,
        rolled_back: failed,
        returned: 0,
    }
}

pub fn campaign_statuses() -> Vec<Golden> {
    let phase = |text, percentage: &str, state, devices, tally, started_ms| PhaseStatus {
        rollout_order: None,
        name: name(text),
        state,
        percentage: serde_json::from_str(percentage).unwrap(),
        devices,
        tally,
        started_ms,
    };
    let rolling = CampaignStatus {
        campaign: campaign(),
        version: 2,
        status: CampaignState::Rolling,
        hold: Some(Hold {
            kind: "outcomes".to_owned(),
            text: "outcomes 402 of 446 needed".to_owned(),
            until_ms: None,
        }),
        cause: None,
        approvals: vec![],
        rollback: None,
        phase: Some(name("half")),
        devices: 1000,
        exposed: 495,
        totals: tally(400, 2, 93, 505, 0),
        groups: vec![
            GroupStatus {
                name: name("critical"),
                devices: 40,
                tally: tally(20, 0, 0, 20, 0),
            },
            GroupStatus {
                name: name("standard"),
                devices: 960,
                tally: tally(380, 2, 93, 485, 0),
            },
        ],
        phases: vec![
            phase(
                "canary",
                "0.5",
                PhaseState::Passed,
                5,
                tally(5, 0, 0, 0, 0),
                Some(NOW_MS),
            ),
            phase(
                "half",
                "50",
                PhaseState::Running,
                495,
                tally(395, 2, 93, 5, 0),
                Some(NOW_MS + 24 * HOUR_MS),
            ),
            phase(
                "all",
                "100",
                PhaseState::Pending,
                500,
                tally(0, 0, 0, 500, 0),
                None,
            ),
        ],
        evidence: Evidence {
            succeeded: 400,
            failed: 2,
            e_value: 0.0625,
            limit: 20.0,
            rate_low: 0.000_25,
            rate_high: 0.031_25,
        },
        comparison: None,
        ordered: None,
        health: Vec::new(),
        windows: Some(WindowsStatus {
            waiting: 80,
            open: 12,
            opens_ms: Some(1_790_040_000_000),
        }),
        errors: BTreeMap::from([("self_test".to_owned(), 2)]),
        waiting: BTreeMap::from([("battery".to_owned(), 3), ("consent".to_owned(), 12)]),
        created_ms: NOW_MS - HOUR_MS,
        started_ms: Some(NOW_MS),
        ended_ms: None,
        position: 9321,
        authors: vec![],
        spec: spec(),
    };
    let paused = CampaignStatus {
        version: 3,
        status: CampaignState::Paused,
        hold: Some(Hold {
            kind: "paused".to_owned(),
            text: "paused until an operator resumes or cancels".to_owned(),
            until_ms: None,
        }),
        cause: Some(Cause {
            kind: "failure_threshold".to_owned(),
            text: "22 of 402 outcomes failed, more than 5 %".to_owned(),
        }),
        ..rolling.clone()
    };
    let draft = CampaignStatus {
        version: 1,
        status: CampaignState::Draft,
        hold: Some(Hold {
            kind: "draft".to_owned(),
            text: "not started".to_owned(),
            until_ms: None,
        }),
        phase: None,
        devices: 0,
        exposed: 0,
        totals: Tally::default(),
        phases: vec![],
        windows: None,
        errors: BTreeMap::new(),
        waiting: BTreeMap::new(),
        started_ms: None,
        ..rolling.clone()
    };
    let awaiting = CampaignStatus {
        hold: Some(Hold {
            kind: "approval".to_owned(),
            text: "start waits for approval: 0 of 1".to_owned(),
            until_ms: Some(NOW_MS + 167 * HOUR_MS),
        }),
        approvals: vec![ApprovalStatus {
            request: 4643,
            action: "start".to_owned(),
            text: "start, asked for by ann: 0 of 1 approvals".to_owned(),
            by: "ann".parse().unwrap(),
            reason: Some("it is due".to_owned()),
            digest: Digest::of(b"{}"),
            needed: 1,
            given: vec![],
            asked_ms: NOW_MS - HOUR_MS,
            expires_ms: NOW_MS + 167 * HOUR_MS,
        }],
        authors: vec!["ann".parse().unwrap()],
        ..draft.clone()
    };
    let soaking = CampaignStatus {
        status: CampaignState::Monitoring,
        hold: Some(Hold {
            kind: "soaking".to_owned(),
            text: "soaking for 3 h 10 m more".to_owned(),
            until_ms: Some(NOW_MS + 80 * HOUR_MS),
        }),
        ..rolling.clone()
    };
    let text = "rolled back by ann: critical bug";
    let rolling_back = CampaignStatus {
        version: 3,
        status: CampaignState::RollingBack,
        hold: Some(Hold {
            kind: "returning".to_owned(),
            text: "490 devices still to go back, 12 of them busy or out of reach".to_owned(),
            until_ms: None,
        }),
        cause: Some(Cause {
            kind: "rollback".to_owned(),
            text: text.to_owned(),
        }),
        rollback: Some(RollbackProgress {
            cause: text.to_owned(),
            started_ms: NOW_MS,
            percentage: BasisPoints::from_percent(20),
            returned: 1,
            failed: 1,
            kept: 1,
            to_go: 490,
        }),
        totals: Tally {
            returned: 1,
            ..tally(399, 2, 93, 505, 0)
        },
        ..rolling.clone()
    };
    [
        (
            "status-campaign-rolling-back",
            "A campaign that sends its devices back, a fifth of them first.",
            rolling_back,
        ),
        (
            "status-campaign-draft",
            "A campaign that nobody has started.",
            draft,
        ),
        (
            "status-campaign-awaiting-approval",
            "A campaign whose start waits for another person.",
            awaiting,
        ),
        (
            "status-campaign-rolling",
            "A campaign in its second phase, and what it waits for.",
            rolling,
        ),
        (
            "status-campaign-paused",
            "A campaign that its failure gate has stopped.",
            paused,
        ),
        (
            "status-campaign-monitoring",
            "A campaign whose last phase is watched.",
            soaking,
        ),
    ]
    .into_iter()
    .map(|(name, about, value)| {
        status(
            name,
            about,
            Topic::Campaign(campaign(), CampaignTopic::Status),
            value,
        )
    })
    .collect()
}

pub fn rehearsals() -> Vec<Golden> {
    let of = |p10, p50, p90| Quantiles { p10, p50, p90 };
    let percent = BasisPoints::from_percent;
    let done = Rehearsal {
        campaign: campaign(),
        position: 9321,
        at_ms: NOW_MS,
        devices: 1000,
        assumptions: Assumptions {
            seed: 7,
            runs: 40,
            sample: None,
            failure_rate: BasisPoints::new(50).unwrap(),
            contact_ms: 300_000,
            bandwidth_bytes_per_s: 131_072,
            install_ms: 30_000,
            boot_ms: 30_000,
        },
        notes: vec!["other campaigns on the same devices are left out".to_owned()],
        findings: vec![Finding {
            severity: Severity::Warning,
            key: "silent".to_owned(),
            group: None,
            devices: Some(12),
            bytes: None,
            text: "12 devices have said nothing for 7 d or longer".to_owned(),
            advice: "leave them out, or mind the quorum".to_owned(),
        }],
        expected: Course {
            completed: 39,
            paused: 1,
            causes: BTreeMap::from([("failure_evidence".to_owned(), 1)]),
            failed: 0,
            duration_ms: Some(of(168 * HOUR_MS, 168 * HOUR_MS, 170 * HOUR_MS)),
            updated: of(980, 995, 998),
            peak_downloads: of(20, 24, 31),
            peak_bytes_per_s: of(2_621_440, 3_145_728, 4_063_232),
            bytes: of(14_000, 14_100, 14_200),
        },
        exposure: vec![Exposure {
            failure_rate: percent(5),
            runs: 10,
            paused: 10,
            exposed: of(5, 40, 98),
            paused_after_ms: Some(of(60_000, HOUR_MS, 26 * HOUR_MS)),
            of_first: Some(300),
        }],
    };
    let failed = RehearsalStatus::Failed {
        campaign: campaign(),
        reason: "cannot read the log".to_owned(),
    };
    let topic = || Topic::Campaign(campaign(), CampaignTopic::Rehearsal);
    vec![
        status(
            "status-rehearsal",
            "What a rehearsal says.",
            topic(),
            RehearsalStatus::Done(Box::new(done)),
        ),
        status(
            "status-rehearsal-failed",
            "There was no rehearsal.",
            topic(),
            failed,
        ),
    ]
}

pub fn other_statuses() -> Vec<Golden> {
    let delta = |from: &[u8], state| DeltaStatus {
        from: Digest::of(from),
        state,
    };
    let release = ReleaseStatus {
        model: "sensor-a".parse().unwrap(),
        version: version("1.4.0"),
        vendor: "acme.example".to_owned(),
        sequence: 70,
        image: new_image().digest,
        image_sha256: Sha256::of(b"firmware 1.4.0"),
        image_bytes: 14,
        signed_by: KeyId::of(&release_key().verifying_key()).to_string(),
        deltas: vec![
            delta(
                b"firmware 1.3.2",
                DeltaState::Ready {
                    digest: Digest::of(b"delta"),
                    bytes: 5,
                },
            ),
            delta(b"firmware 1.3.1", DeltaState::Building),
            delta(
                b"firmware 1.3.0",
                DeltaState::Unavailable {
                    reason: "larger than 80 % of the image".to_owned(),
                },
            ),
        ],
        security: false,
        advisories: Vec::new(),
        requires: VersionRequirement::parse(">=1.3.0"),
        hardware: vec![version("rev-c.2")],
        rollbacks: vec![RollbackStatus {
            to: version("1.3.2"),
            sequence: 71,
        }],
        published_ms: NOW_MS - 2 * HOUR_MS,
    };
    let fleet = FleetSummary {
        devices: BTreeMap::from([("active".to_owned(), 998), ("provisioned".to_owned(), 2)]),
        flagged: 3,
        campaigns: 1,
        releases: 2,
        events: 9321,
    };
    vec![
        status(
            "status-release",
            "A release, and its deltas in every state.",
            Topic::Release("sensor-a".parse().unwrap(), version("1.4.0")),
            release,
        ),
        status(
            "status-fleet",
            "The fleet in numbers.",
            Topic::FleetSummary,
            fleet,
        ),
        status(
            "status-alert",
            "An alert: the engine's disk is nearly full.",
            Topic::Alert("storage_low".parse().unwrap()),
            Alert {
                campaign: None,
                since_ms: NOW_MS,
                text: "200.0 MiB are left for the log, less than its floor of 256.0 MiB".to_owned(),
                kind: AlertKind::StorageLow {
                    free_bytes: 200 << 20,
                    floor_bytes: 256 << 20,
                },
            },
        ),
    ]
    .into_iter()
    .chain(troubles())
    .collect()
}

/// Alerts about a campaign, and tickets.
fn troubles() -> Vec<Golden> {
    let campaign: CampaignId = "spring".parse().unwrap();
    let alert = |name: &'static str, about, kind, text: &str| {
        let topic = Topic::Alert(format!("spring-{name}").parse().unwrap());
        let alert = Alert {
            campaign: Some(campaign.clone()),
            since_ms: NOW_MS,
            text: text.to_owned(),
            kind,
        };
        status(&format!("status-alert-{name}"), about, topic, alert)
    };
    let ticket = |number, device: Option<DeviceId>, text: &str| Ticket {
        ticket: TicketId(number),
        campaign: campaign.clone(),
        opened_ms: NOW_MS,
        text: text.to_owned(),
        error: device
            .as_ref()
            .map(|_| error(ErrorClass::SelfTest, "watchdog", "no heartbeat within 60 s")),
        attempts: device.as_ref().map(|_| 3),
        failed_devices: device.is_none().then_some(214),
        device,
    };
    vec![
        alert(
            "failure_rate",
            "More failures than the campaign is to have.",
            AlertKind::FailureRate {
                failed: 3,
                outcomes: 40,
                limit_percent: BasisPoints::from_percent(5),
            },
            "3 of 40 outcomes failed, more than 5 %",
        ),
        alert(
            "timeouts",
            "Devices have taken their job and are not heard of.",
            AlertKind::Timeouts {
                devices: 2,
                limit_ms: 24 * HOUR_MS,
            },
            "2 devices accepted their job 1 d ago or earlier and have had no outcome",
        ),
        alert(
            "stalled",
            "Nothing goes on.",
            AlertKind::Stalled {
                last_change_ms: NOW_MS - 24 * HOUR_MS,
                limit_ms: 24 * HOUR_MS,
                waiting: 12,
            },
            "nothing has happened for 1 d, and 12 devices are waited for",
        ),
        alert(
            "window_never_opens",
            "Some wait in vain.",
            AlertKind::WindowNeverOpens { devices: 2 },
            "no maintenance window of 2 devices opens before the campaign is over",
        ),
        alert(
            "paused",
            "A campaign has stopped for its gate.",
            AlertKind::Paused { exposed: 37 },
            "the campaign has paused by itself, with 37 devices exposed; its status says why, and it waits for an operator",
        ),
        alert(
            "devices_offline",
            "Many devices have fallen silent.",
            AlertKind::DevicesOffline {
                devices: 25,
                known: 100,
                limit_percent: BasisPoints::from_percent(20),
                limit_ms: 7 * 24 * HOUR_MS,
            },
            "nothing has been heard of 25 of 100 devices for 7 d, more than 20 %",
        ),
        alert(
            "performance_degradation",
            "Updated devices take longer to boot than before.",
            AlertKind::PerformanceDegradation {
                measure: "boot_time".to_owned(),
                unit: "ms".to_owned(),
                devices: 72,
                pairs: 0,
                before: 10_100.0,
                margin: 505.0,
                against_past: Some(Degraded {
                    value: 900.0,
                    low: 700.0,
                    high: 1100.0,
                }),
                against_others: None,
            },
            "boot_time is worse by 900 (from 700 to 1100) than before the update, on 72 devices; 505 ms is bearable",
        ),
        status(
            "status-ticket",
            "A device that has failed for good.",
            Topic::Ticket(TicketId(4711)),
            ticket(
                4711,
                Some("press-17".parse().unwrap()),
                "press-17 has failed for good after 3 attempts: self_test, watchdog",
            ),
        ),
        status(
            "status-ticket-further",
            "More devices than there may be tickets have failed for good.",
            Topic::Ticket(TicketId(4995)),
            ticket(
                4995,
                None,
                "214 devices have failed for good; 100 have tickets of their own",
            ),
        ),
    ]
}
