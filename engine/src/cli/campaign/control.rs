//! `fleetfold campaign start`, `pause` and whatever else sets a campaign or one of its devices going, or stops it

use std::process::ExitCode;

use clap::Args;
use fleetfold_schemas::{
    campaign::BasisPoints,
    command::{
        ArmName, CampaignCommand, Command, MemberCommand, PromoteArm, RetryCampaign,
        RollbackCampaign, RollbackReason,
    },
    id::{CampaignId, DeviceId},
};

use super::approval;
use crate::cli::{connection::Connection, failure::Failure};

#[derive(Debug, Args)]
pub struct Control {
    campaign: CampaignId,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
pub struct Rollback {
    campaign: CampaignId,
    /// high_failure_rate, critical_bug, performance_degradation or security
    #[arg(long, value_parser = rollback_reason)]
    reason: RollbackReason,
    /// Not all at once: this share in percent first; may be repeated, each above the one before it
    #[arg(long = "phase", value_name = "PERCENT", value_parser = percentage)]
    phases: Vec<BasisPoints>,
    /// Refuse if the campaign has been changed since this version (see `campaign status`)
    #[arg(long, value_name = "N")]
    expected_version: Option<u64>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub struct Retry {
    campaign: CampaignId,
    /// Only this device
    #[arg(long)]
    device: Option<DeviceId>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
pub struct ForDevice {
    campaign: CampaignId,
    device: DeviceId,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
pub struct Promote {
    campaign: CampaignId,
    /// a or b
    #[arg(long, value_parser = arm)]
    arm: ArmName,
    #[command(flatten)]
    how: How,
}

/// What all of them take.
#[derive(Debug, Args)]
struct How {
    /// Why, for the record
    #[arg(long)]
    reason: Option<String>,
    /// Refuse if the campaign has been changed since this version (see `campaign status`)
    #[arg(long, value_name = "N")]
    expected_version: Option<u64>,
    #[command(flatten)]
    connection: Connection,
}

fn rollback_reason(text: &str) -> Result<RollbackReason, String> {
    let mut all = RollbackReason::ALL.into_iter();
    all.find(|reason| reason.as_str() == text).ok_or_else(|| {
        let names = RollbackReason::ALL.map(RollbackReason::as_str);
        format!("expected one of {}", names.join(", "))
    })
}

fn percentage(text: &str) -> Result<BasisPoints, String> {
    let percent = text.parse().ok().and_then(BasisPoints::from_percent_f64);
    percent.ok_or_else(|| "expected 0 to 100, with two decimals at most".to_owned())
}

fn arm(text: &str) -> Result<ArmName, String> {
    match text {
        "a" => Ok(ArmName::A),
        "b" => Ok(ArmName::B),
        _ => Err("expected a or b".to_owned()),
    }
}

impl How {
    /// Says what has been done, or that others have to approve it first.
    async fn send(
        self,
        campaign: &CampaignId,
        command: impl FnOnce(Option<String>) -> Command,
        said: impl FnOnce(u64) -> String,
    ) -> Result<ExitCode, Failure> {
        let command = command(self.reason);
        let sent = self.connection.send(command, self.expected_version);
        approval::done_or_pending(campaign, &sent.await?, said)
    }
}

impl Control {
    pub(super) async fn run(
        self,
        done_is: &str,
        command: fn(CampaignCommand) -> Command,
    ) -> Result<ExitCode, Failure> {
        let campaign = self.campaign;
        let command = |reason| {
            command(CampaignCommand {
                campaign: campaign.clone(),
                reason,
            })
        };
        let said = |position| format!("campaign {campaign} is {done_is} at position {position}");
        self.how.send(&campaign, command, said).await
    }
}

impl Rollback {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let campaign = self.campaign;
        let command = Command::RollbackCampaign(RollbackCampaign {
            campaign: campaign.clone(),
            reason: self.reason,
            phases: self.phases,
        });
        let sent = self.connection.send(command, self.expected_version);
        approval::done_or_pending(&campaign, &sent.await?, |position| {
            format!(
                "campaign {campaign} is rolling back at position {position}; `fleetfold campaign watch {campaign}` \
                 shows how far it is"
            )
        })
    }
}

impl Retry {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let (campaign, device) = (self.campaign, self.device);
        let command = |reason| {
            Command::RetryCampaign(RetryCampaign {
                campaign: campaign.clone(),
                device: device.clone(),
                reason,
            })
        };
        let who = device.as_ref().map_or_else(
            || "all that have failed for good have".to_owned(),
            |device| format!("{device} has"),
        );
        let said = |position| {
            format!("{who} another attempt in campaign {campaign}, since position {position}")
        };
        self.how.send(&campaign, command, said).await
    }
}

impl ForDevice {
    pub(super) async fn run(
        self,
        done_is: &str,
        command: fn(MemberCommand) -> Command,
    ) -> Result<ExitCode, Failure> {
        let (campaign, device) = (self.campaign, self.device);
        let command = |reason| {
            command(MemberCommand {
                campaign: campaign.clone(),
                device: device.clone(),
                reason,
            })
        };
        let said = |position| format!("{device} is {done_is} {campaign} at position {position}");
        self.how.send(&campaign, command, said).await
    }
}

impl Promote {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let (campaign, arm) = (self.campaign, self.arm);
        let command = |reason| {
            Command::PromoteArm(PromoteArm {
                campaign: campaign.clone(),
                arm,
                reason,
            })
        };
        let said = |position| {
            format!("campaign {campaign}-winner brings it to all devices, at position {position}")
        };
        self.how.send(&campaign, command, said).await
    }
}
