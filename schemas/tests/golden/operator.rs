//! What operators say and hear.

use fleetfold_schemas::{
    CommandId, Digest, OperatorTopic, Sha256, TicketId,
    campaign::{
        BasisPoints, CampaignSpec, ClassRule, Classes, Days, FailureHandling, GroupOrder,
        GroupSpec, Hours, Jitter, Membership, Minutes, Moment, Monitoring, PhaseSpec, ReleaseRef,
        Strategy, Timeouts, VersionRequirement,
    },
    code::Code,
    codec::encode_json,
    command::{
        AddOperator, ApproveCampaign, ArmName, AssignDevice, CampaignCommand, ChangeOperator,
        CloseTicket, Command, CommandMessage, Compliance, CreateCampaign, Credential,
        DeclineCampaign, EditCampaign, ExplainDevice, Lifecycle, ListOperators, MemberCommand,
        Outcome, PromoteArm, PublishRelease, RegisterDevice, RehearseCampaign, Reply,
        RetryCampaign, RevokeOperator, RollbackCampaign, RollbackManifest, RollbackReason,
        SetLifecycle, SetPassword, TrustKey, UnflagDevice, UpdateDevice,
    },
    compliance::{CompliancePage, LackingDevice, ReleaseCompliance},
    explain::{CampaignExplanation, Explanation, PlaceView, Reason, Standing, Statement},
    operator::{OperatorList, OperatorStatus, Role, Tenants},
    password::{NewPassword, Password, PasswordHash},
    status::CampaignState,
    suit::Manifest,
};

use crate::{
    signed::manifest,
    vectors::{Content, Golden},
    world::{
        HOUR_MS, campaign, device, device_key, name, new_image, of_operator, release_key, version,
    },
};

pub fn spec() -> CampaignSpec {
    let phase = |text, percentage: &str, hours, wait_for_success, success| PhaseSpec {
        name: name(text),
        percentage: serde_json::from_str(percentage).unwrap(),
        duration_hours: Hours::of(hours),
        wait_for_success,
        success_threshold: BasisPoints::from_percent(success),
        gates: None,
    };
    let group = |text, rollout_order, criteria: &str| GroupSpec {
        name: name(text),
        priority: 1,
        rollout_order,
        criteria: serde_json::from_str(criteria).unwrap(),
    };
    let release = ReleaseRef {
        model: "sensor-a".parse().unwrap(),
        version: version("1.4.0"),
    };
    CampaignSpec {
        groups: vec![
            group(
                "critical",
                1,
                r#"{"device_type":["sensor-a","gateway-b"],"hardware_revision":"2","region":"eu","version":">=1.2, <2",
                    "tenant":"acme","tags":["a","b"],"attributes":{"site":["north","south"]},"not":{"tags_any":"frail"}}"#,
            ),
            group("named", 2, r#"{"devices":["d1","d2"]}"#),
            group("standard", 3, r#""*""#),
        ],
        membership: Membership::Dynamic,
        group_order: GroupOrder::Sequential,
        rollout_strategy: Strategy::Progressive,
        phases: vec![
            phase("canary", "0.5", 24, true, 100),
            phase("half", "50", 48, true, 98),
            phase("all", "100", 1, false, 95),
        ],
        failure_threshold: BasisPoints::from_percent(5),
        sample_min: 30,
        expected_failure: BasisPoints::from_percent(1),
        false_pause: BasisPoints::from_percent(5),
        quorum: BasisPoints::from_percent(90),
        monitoring: Monitoring {
            update_interval_minutes: Minutes::of(15),
            alert_on_failure_rate: BasisPoints::from_percent(3),
            alert_on_timeout_hours: Hours::of(12),
            generate_reports: false,
            report_interval_hours: Hours::of(6),
            alert_on_stalled_hours: Some(Hours::of(36)),
            alert_on_offline_rate: Some(BasisPoints::from_percent(10)),
            alert_on_offline_hours: Some(Hours::of(72)),
            alert_on_degradation: Some(BasisPoints::from_percent(2)),
        },
        failure_handling: FailureHandling {
            max_retries: 3,
            retry_backoff_hours: Hours::from_ms(HOUR_MS / 2),
            retry_jitter: Jitter::None,
            classes: Classes {
                download: Some(ClassRule {
                    max_retries: Some(5),
                    retry_backoff_hours: Some(Hours::from_ms(HOUR_MS / 4)),
                }),
                ..Classes::default()
            },
            retries_max: Some(500),
            retry_bytes_max: Some(1 << 30),
            flag_after: Some(5),
            auto_rollback_on_failure: true,
            rollback_threshold: BasisPoints::from_percent(15),
            create_support_tickets: true,
        },
        timeouts: Timeouts {
            contact_hours: Hours::of(48),
            execution_hours: Hours::of(2),
            waiting_hours: Some(Hours::of(240)),
        },
        preconditions: serde_json::from_str(
            r#"{"battery_percent_min": 30, "free_bytes_min": 2000000, "external_power": true, "consent": {
                "required": true, "postponements_max": 3, "postpone_hours_max": 24, "at_limit": "fail"}}"#,
        )
        .unwrap(),
        max_rollout_days: Days::of(21),
        gates: serde_json::from_str(
            r#"{"threshold": true, "confident": true, "sprt": {"bad_failure": 10, "false_pass": 5},
                "strata": "attribute:site", "proven_below": 5}"#,
        )
        .unwrap(),
        priority: 10,
        security: true,
        rates: serde_json::from_str(
            r#"{"executions_per_minute": {"base": 50, "factor": 1.5, "every_notified": 1000, "maximum": 300},
                "in_flight_max": 200, "exposure_max": 500, "start_jitter_minutes": 30}"#,
        )
        .unwrap(),
        schedule: serde_json::from_str(
            r#"{"start": "2026-12-01T08:00:00+01:00", "end": "2027-03-01T00:00:00Z", "on_end": "pause"}"#,
        )
        .unwrap(),
        time_zone: Some("Europe/Berlin".parse().unwrap()),
        maintenance_windows: serde_json::from_str(
            r#"[{"days": ["sat", "sun"], "start": "02:00", "duration_hours": 3},
                {"start": "13:30", "duration_hours": "40m", "time_zone": "America/New_York"}]"#,
        )
        .unwrap(),
        freezes: serde_json::from_str(
            r#"[{"from": "2026-12-20", "to": "2027-01-03", "reason": "year's end"},
                {"from": "2027-02-01T18:00:00Z", "to": "2027-02-02T06:00:00Z"}]"#,
        )
        .unwrap(),
        download: serde_json::from_str(r#""in_window""#).unwrap(),
        ..CampaignSpec::new(campaign(), vec![release])
    }
}

fn spec_with_defaults() -> CampaignSpec {
    serde_json::from_str(r#"{"id":"spring","release":{"model":"sensor-a","version":"1.4.0"}}"#)
        .unwrap()
}

pub fn specs() -> Vec<Golden> {
    let golden = |name, about, spec: CampaignSpec| {
        let content = Content::Json(encode_json(&spec));
        Golden::new(name, about, content, spec, |bytes| {
            serde_json::from_slice::<CampaignSpec>(bytes)
        })
    };
    vec![
        golden(
            "campaign-defaults",
            "A campaign of which only id and release were given, with every default written out.",
            spec_with_defaults(),
        ),
        golden(
            "campaign-everything",
            "A campaign of which nothing was left to the defaults.",
            spec(),
        ),
    ]
}

/// At least one of every name.
pub fn commands() -> Vec<Golden> {
    let golden = |name: &str, about, expected_version, command: Command| {
        let message = CommandMessage {
            id: Some(CommandId::parse("01K5P8T0G0M8WV1YQ3S5JX7ZAB").unwrap()),
            expected_version,
            command,
        };
        let content = Content::Json(message.encode());
        Golden::new(
            format!("command-{name}"),
            about,
            content,
            message,
            |bytes| CommandMessage::decode(bytes).map_err(|refused| refused.rejection),
        )
        .note("topic", of_operator(OperatorTopic::Command))
    };
    let about_campaign = |reason: Option<&str>| CampaignCommand {
        campaign: campaign(),
        reason: reason.map(str::to_owned),
    };
    let register = |credential| {
        Command::RegisterDevice(RegisterDevice {
            tenant: None,
            device: device(),
            model: "sensor-a".parse().unwrap(),
            credential,
        })
    };
    let new_operator = |tenants, password| {
        Command::AddOperator(AddOperator {
            operator: "bea".parse().unwrap(),
            role: Role::Approver,
            tenants,
            password,
        })
    };
    let hash =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M";
    let plain = || NewPassword::Plain(Password::new("correct horse battery staple").unwrap());
    vec![
        golden(
            "operator.add",
            "Somebody may log in from now on.",
            None,
            new_operator(Tenants::All, plain()),
        ),
        golden(
            "operator.add-of-tenants",
            "The same for two tenants, with a password that was hashed before.",
            None,
            new_operator(
                Tenants::Only(vec![name("acme"), name("beta")]),
                NewPassword::Hash(PasswordHash::parse(hash).unwrap()),
            ),
        ),
        golden(
            "operator.change",
            "Another role; the tenants stay.",
            None,
            Command::ChangeOperator(ChangeOperator {
                operator: "bea".parse().unwrap(),
                role: Some(Role::Viewer),
                tenants: None,
            }),
        ),
        golden(
            "operator.password",
            "A new password.",
            None,
            Command::SetPassword(SetPassword {
                operator: "bea".parse().unwrap(),
                password: plain(),
            }),
        ),
        golden(
            "operator.revoke",
            "The end of somebody's access.",
            None,
            Command::RevokeOperator(RevokeOperator {
                operator: "bea".parse().unwrap(),
                reason: Some("has left".to_owned()),
            }),
        ),
        golden(
            "operator.list",
            "Who may log in, and who might once.",
            None,
            Command::ListOperators(ListOperators {}),
        ),
        golden(
            "device.explain",
            "Why is this device not updated yet?",
            None,
            Command::ExplainDevice(ExplainDevice {
                device: device(),
                campaign: Some(campaign()),
            }),
        ),
        golden(
            "device.unflag",
            "Somebody has looked at a device whose executions kept failing.",
            None,
            Command::UnflagDevice(UnflagDevice {
                device: device(),
                reason: Some("power supply replaced".to_owned()),
            }),
        ),
        golden(
            "device.update",
            "One device is updated by itself.",
            None,
            Command::UpdateDevice(UpdateDevice {
                device: device(),
                version: version("1.4.0"),
                at: None,
                reason: Some("asked for by the owner".to_owned()),
            }),
        ),
        golden(
            "device.update-later",
            "The same, tomorrow night.",
            None,
            Command::UpdateDevice(UpdateDevice {
                device: device(),
                version: version("1.4.0"),
                at: Moment::parse("2026-01-02T01:30:00Z"),
                reason: None,
            }),
        ),
        golden(
            "fleet.compliance",
            "Which devices lack a security release? The second page.",
            None,
            Command::Compliance(Compliance {
                from: Some(20_000),
                limit: Some(50),
            }),
        ),
        golden(
            "key.trust",
            "Manifests signed by this key are accepted from now on.",
            None,
            Command::TrustKey(TrustKey {
                name: name("release-2026"),
                public_key: *release_key().verifying_key().as_bytes(),
            }),
        ),
        golden(
            "device.register",
            "A device that logs in with tokens it signs.",
            None,
            register(Credential::PublicKey(
                *device_key().verifying_key().as_bytes(),
            )),
        ),
        golden(
            "device.register-token",
            "A device that logs in with a fixed token (here the text \"wS9xTbKp2mV4nQ7rZ1cY5u\").",
            None,
            register(Credential::TokenSha256(
                Sha256::of(b"wS9xTbKp2mV4nQ7rZ1cY5u").0,
            )),
        ),
        golden(
            "device.lifecycle",
            "A device is kept out of campaigns for a while.",
            None,
            Command::SetLifecycle(SetLifecycle {
                device: device(),
                lifecycle: Lifecycle::Maintenance,
            }),
        ),
        golden(
            "release.publish-security",
            "The same as a security release.",
            None,
            Command::PublishRelease(PublishRelease {
                vendor: "acme.example".to_owned(),
                model: "sensor-a".parse().unwrap(),
                version: version("1.4.0"),
                image: new_image().digest,
                manifest: manifest().sign(&release_key()),
                security: true,
                advisories: vec![name("CVE-2026-1234")],
                requires: None,
                hardware: Vec::new(),
                rollbacks: Vec::new(),
            }),
        ),
        golden(
            "release.publish",
            "The uploaded image and its manifest become release 1.4.0.",
            None,
            Command::PublishRelease(PublishRelease {
                vendor: "acme.example".to_owned(),
                model: "sensor-a".parse().unwrap(),
                version: version("1.4.0"),
                image: new_image().digest,
                manifest: manifest().sign(&release_key()),
                security: false,
                advisories: Vec::new(),
                requires: VersionRequirement::parse(">=1.3.0"),
                hardware: vec![version("rev-c.2")],
                rollbacks: vec![RollbackManifest {
                    to: version("1.3.2"),
                    manifest: Manifest {
                        sequence: 71,
                        version: version("1.3.2"),
                        image_sha256: Sha256::of(b"firmware 1.3.2"),
                        ..manifest()
                    }
                    .sign(&release_key()),
                }],
            }),
        ),
        golden(
            "campaign.create",
            "A campaign with every key of its description.",
            None,
            Command::CreateCampaign(CreateCampaign {
                campaign: spec().into(),
            }),
        ),
        golden(
            "campaign.rollback",
            "Its devices go back to the images they came from, a tenth of them first.",
            Some(5),
            Command::RollbackCampaign(RollbackCampaign {
                campaign: campaign(),
                reason: RollbackReason::CriticalBug,
                phases: vec![BasisPoints::from_percent(10)],
            }),
        ),
        golden(
            "campaign.start",
            "The campaign begins.",
            Some(1),
            Command::StartCampaign(about_campaign(None)),
        ),
        golden(
            "campaign.pause",
            "Nothing new starts until it is resumed.",
            None,
            Command::PauseCampaign(about_campaign(Some("line 2 is down for repairs"))),
        ),
        golden(
            "campaign.resume",
            "It goes on.",
            Some(3),
            Command::ResumeCampaign(about_campaign(None)),
        ),
        golden(
            "campaign.cancel",
            "It ends; jobs not yet accepted are withdrawn, the others are asked to stop.",
            None,
            Command::CancelCampaign(about_campaign(Some("superseded by 1.4.1"))),
        ),
        golden(
            "campaign.edit",
            "The whole description anew, of a draft.",
            Some(1),
            Command::EditCampaign(EditCampaign {
                campaign: spec_with_defaults().into(),
            }),
        ),
        golden(
            "campaign.advance",
            "The running phase passes now.",
            Some(2),
            Command::AdvanceCampaign(about_campaign(Some("urgent"))),
        ),
        golden(
            "campaign.archive",
            "Out of sight.",
            None,
            Command::ArchiveCampaign(about_campaign(None)),
        ),
        golden(
            "campaign.retry",
            "Another attempt for all devices that have failed for good.",
            None,
            Command::RetryCampaign(RetryCampaign {
                campaign: campaign(),
                device: None,
                reason: None,
            }),
        ),
        golden(
            "campaign.exclude",
            "A device is taken out.",
            None,
            Command::ExcludeDevice(about_member()),
        ),
        golden(
            "campaign.promote",
            "What arm B of an A/B test was given goes to everybody.",
            None,
            Command::PromoteArm(PromoteArm {
                campaign: campaign(),
                arm: ArmName::B,
                reason: None,
            }),
        ),
        golden(
            "device.assign",
            "A device belongs to another tenant.",
            None,
            Command::AssignDevice(AssignDevice {
                device: device(),
                tenant: name("beta"),
            }),
        ),
        golden(
            "campaign.approve",
            "Another person wants what somebody has asked for.",
            None,
            Command::ApproveCampaign(ApproveCampaign {
                campaign: campaign(),
                request: Some(4643),
                digest: Some(Digest::of(b"{}")),
                reason: Some("looked at the canaries".to_owned()),
            }),
        ),
        golden(
            "campaign.decline",
            "Another person does not want it, or who asked takes it back.",
            None,
            Command::DeclineCampaign(DeclineCampaign {
                campaign: campaign(),
                request: None,
                reason: Some("not before the holidays".to_owned()),
            }),
        ),
        golden(
            "ticket.close",
            "Somebody has seen to a device.",
            None,
            Command::CloseTicket(CloseTicket {
                ticket: TicketId(4711),
                reason: Some("power supply replaced".to_owned()),
            }),
        ),
        golden(
            "campaign.expedite",
            "A device has its turn now.",
            None,
            Command::ExpediteDevice(about_member()),
        ),
        golden(
            "campaign.rehearse",
            "A campaign is played through, as if its release failed on half a percent.",
            None,
            Command::RehearseCampaign(RehearseCampaign {
                campaign: campaign(),
                runs: Some(40),
                seed: Some(7),
                failure_rate: BasisPoints::new(50),
                contact_minutes: Some(Minutes::of(5)),
            }),
        ),
    ]
}

fn operators() -> OperatorList {
    let status = |id: &str, role, tenants, revoked_ms| OperatorStatus {
        operator: id.parse().unwrap(),
        role,
        tenants,
        revoked_ms,
    };
    OperatorList {
        operators: vec![
            status("admin", Role::Admin, Tenants::All, None),
            status(
                "bea",
                Role::Approver,
                Tenants::Only(vec![name("acme")]),
                None,
            ),
            status("cem", Role::Viewer, Tenants::All, Some(1_790_004_890_000)),
        ],
    }
}

fn compliance() -> CompliancePage {
    CompliancePage {
        devices: 19_500,
        releases: vec![ReleaseCompliance {
            model: "sensor-a".parse().unwrap(),
            version: version("1.4.0"),
            advisories: vec![name("CVE-2026-1234")],
            published_ms: 1_790_000_000_000,
            have: 18_700,
            lack: 800,
        }],
        lacking: vec![LackingDevice {
            device: device(),
            model: "sensor-a".parse().unwrap(),
            running: Some(version("1.3.2")),
            lacks: vec![version("1.4.0")],
            since_ms: 1_790_000_000_000,
            last_seen_ms: Some(1_790_004_890_000),
            campaign: Some(campaign()),
            why: vec![Statement {
                reason: Reason::PhaseNotReached,
                text: "phase half comes after canary, which runs".to_owned(),
                position: Some(4644),
                until_ms: None,
            }],
        }],
        next: Some(20_000),
    }
}

fn explanation() -> Explanation {
    let statement = |reason, text: &str, position, until_ms| Statement {
        reason,
        text: text.to_owned(),
        position,
        until_ms,
    };
    Explanation {
        device: device(),
        model: "sensor-a".parse().unwrap(),
        lifecycle: Lifecycle::Active,
        campaigns: vec![CampaignExplanation {
            campaign: campaign(),
            status: CampaignState::Rolling,
            standing: Standing::Waiting,
            place: Some(PlaceView {
                group: name("critical"),
                phase: Some(name("half")),
                rank: Some(17),
                of: 40,
                arm: None,
            }),
            attempts: 0,
            membership: vec![
                statement(
                    Reason::FitsGroup,
                    "it fitted group critical when the campaign started",
                    Some(4643),
                    None,
                ),
                statement(
                    Reason::InPhase,
                    "by rank it is number 17 of 40; phase half reaches to number 20, which is 50 %",
                    None,
                    None,
                ),
            ],
            turn: vec![
                statement(
                    Reason::PhaseNotReached,
                    "phase half comes after canary, which runs",
                    Some(4644),
                    None,
                ),
                statement(
                    Reason::CampaignWaits,
                    "the campaign waits: soaking for 2 h more",
                    None,
                    Some(1_790_012_090_000),
                ),
            ],
        }],
    }
}

fn about_member() -> MemberCommand {
    MemberCommand {
        campaign: campaign(),
        device: device(),
        reason: Some("the customer asked".to_owned()),
    }
}

pub fn replies() -> Vec<Golden> {
    let golden = |name, about, reply: Reply| {
        let content = Content::Json(encode_json(&reply));
        Golden::new(name, about, content, reply, |bytes| {
            serde_json::from_slice::<Reply>(bytes)
        })
        .note("topic", of_operator(OperatorTopic::Reply))
    };
    let refused = |code: Code, message: &str| Outcome::Rejected {
        code: code.to_string(),
        message: message.to_owned(),
    };
    let id = CommandId::parse("01K5P8T0G0M8WV1YQ3S5JX7ZAB").unwrap();
    vec![
        golden(
            "reply-accepted",
            "Done, and on disk.",
            Reply {
                id: Some(id.clone()),
                command: Some("campaign.start".to_owned()),
                outcome: Outcome::Accepted {
                    position: 4642,
                    result: None,
                },
            },
        ),
        golden(
            "reply-result",
            "The answer to a question, true at this position.",
            Reply {
                id: Some(id.clone()),
                command: Some("operator.list".to_owned()),
                outcome: Outcome::Accepted {
                    position: 4642,
                    result: Some(serde_json::to_value(operators()).unwrap()),
                },
            },
        ),
        golden(
            "reply-explanation",
            "Why a device is not updated yet.",
            Reply {
                id: Some(id.clone()),
                command: Some("device.explain".to_owned()),
                outcome: Outcome::Accepted {
                    position: 9321,
                    result: Some(serde_json::to_value(explanation()).unwrap()),
                },
            },
        ),
        golden(
            "reply-compliance",
            "Which devices lack a security release: the first page.",
            Reply {
                id: Some(id.clone()),
                command: Some("fleet.compliance".to_owned()),
                outcome: Outcome::Accepted {
                    position: 9321,
                    result: Some(serde_json::to_value(compliance()).unwrap()),
                },
            },
        ),
        golden(
            "reply-rejected",
            "Refused; nothing has changed but the record of it.",
            Reply {
                id: Some(id),
                command: Some("campaign.resume".to_owned()),
                outcome: refused(Code::VersionConflict, "spring is at version 4, not 3"),
            },
        ),
        golden(
            "reply-upload-refused",
            "A piece of an upload was refused: no id, for pieces have none.",
            Reply {
                id: None,
                command: Some("upload".to_owned()),
                outcome: refused(
                    Code::UploadGap,
                    "524288 bytes are here, the piece starts at 786432",
                ),
            },
        ),
    ]
}
