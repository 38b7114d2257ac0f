//! What is known of a campaign before it starts: findings about its description and its fleet, and a rehearsal.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    campaign::BasisPoints,
    id::{CampaignId, Name},
};

/// Runs of a rehearsal, at most: more make no figure any better that rests on assumptions.
pub const RUNS_MAX: u32 = 1000;

/// Something about a campaign that whoever starts it should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    /// Stable, for programs: `empty_group`, `delta_missing` and so on.
    pub key: String,
    /// The group it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Name>,
    /// The devices it is about, if it is about devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<u64>,
    /// Bytes that are sent because of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// One sentence for people.
    pub text: String,
    /// What to do about it.
    pub advice: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The campaign cannot do what it says.
    Error,
    /// It can, and probably not as it was meant.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// `campaigns/{campaign}/rehearsal`: what came of the last rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum RehearsalStatus {
    Done(Box<Rehearsal>),
    /// There is none.
    Failed {
        campaign: CampaignId,
        reason: String,
    },
}

/// A campaign played through many times with virtual devices, by the rules that will decide in earnest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rehearsal {
    pub campaign: CampaignId,
    /// The fleet is as known at this log position, which was recorded then; virtual time begins there.
    pub position: u64,
    pub at_ms: u64,
    pub devices: u64,
    pub assumptions: Assumptions,
    /// What else the figures rest on, in sentences.
    pub notes: Vec<String>,
    pub findings: Vec<Finding>,
    pub expected: Course,
    /// How much happens until the gates stop a release that fails at a rate, one for each.
    pub exposure: Vec<Exposure>,
}

/// What virtual devices are made of. The same assumptions over the same state give the same rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assumptions {
    pub seed: u64,
    /// How often the campaign was played through.
    pub runs: u32,
    /// Devices that took part in each, if not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<u64>,
    /// The share of devices on which the release fails, in percent.
    pub failure_rate: BasisPoints,
    /// How long devices take to notice their job, on average, where nothing is known of the single device.
    pub contact_ms: u64,
    /// What each device downloads with.
    pub bandwidth_bytes_per_s: u64,
    /// Between the end of the download and the reboot.
    pub install_ms: u64,
    /// From the reboot to the outcome, where the device has never said how long it takes.
    pub boot_ms: u64,
}

/// How the campaign goes when the release is as good as assumed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Runs by their end.
    pub completed: u32,
    /// By a gate.
    pub paused: u32,
    /// Which, by the kind of cause.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub causes: BTreeMap<String, u32>,
    /// Over their time, or without end.
    pub failed: u32,
    /// From the start to the completion, of the runs that completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<Quantiles>,
    /// Devices updated at the end.
    pub updated: Quantiles,
    /// Downloads at one moment, at most.
    pub peak_downloads: Quantiles,
    pub peak_bytes_per_s: Quantiles,
    /// Sent to devices in all.
    pub bytes: Quantiles,
}

/// A release that fails at a rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    pub failure_rate: BasisPoints,
    pub runs: u32,
    /// Runs in which a gate paused the campaign.
    pub paused: u32,
    /// Devices that had accepted the update by then, or by the end where nothing paused it.
    pub exposed: Quantiles,
    /// From the start to the pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_after_ms: Option<Quantiles>,
    /// Only so many devices, the first in line, took part: where nothing paused it, there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_first: Option<u64>,
}

/// A campaign that is past, played again under another description by devices that do what is on record of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatIf {
    pub campaign: CampaignId,
    pub seed: u64,
    /// The description is the recorded one, so what differs is what the record does not tell.
    pub is_unchanged: bool,
    pub started_ms: u64,
    pub recorded: Happened,
    pub instead: Happened,
    /// Who would have taken part at the start.
    pub devices: u64,
    /// Of them, those who got so far only here, and do what a recorded one did, drawn by the seed.
    pub borrowed: u64,
    /// Devices that joined after the start; they are left out.
    pub late_joiners: u64,
    /// What operators did after the start; it is not done again.
    pub commands: u64,
}

/// How a campaign went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// As in the campaign's status, at the end.
    pub status: String,
    /// When a gate stopped it for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// From the start to the end, or as far as it goes.
    pub took_ms: u64,
    pub exposed: u64,
    pub updated: u64,
    pub failed: u64,
    /// Offered to devices that accepted, as far as it is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Where the recorded log stood then.
    pub position: u64,
    pub after_ms: u64,
    pub exposed: u64,
    /// The kind of cause.
    pub cause: String,
}

/// One run in ten is below `p10`, half of them are below `p50`, nine in ten below `p90`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantiles {
    pub p10: u64,
    pub p50: u64,
    pub p90: u64,
}

impl Quantiles {
    /// By nearest rank. `None` of nothing.
    #[must_use]
    pub fn of(mut values: Vec<u64>) -> Option<Self> {
        values.sort_unstable();
        let last = values.len().checked_sub(1)?;
        let at = |percent: usize| {
            let rank = (values.len() * percent).div_ceil(100);
            values[rank.saturating_sub(1).min(last)]
        };
        Some(Self {
            p10: at(10),
            p50: at(50),
            p90: at(90),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_by_nearest_rank() {
        assert_eq!(Quantiles::of(Vec::new()), None);
        let of = |values: &[u64]| Quantiles::of(values.to_vec()).map(|q| (q.p10, q.p50, q.p90));
        assert_eq!(of(&[7]), Some((7, 7, 7)));
        assert_eq!(of(&[3, 1, 2]), Some((1, 2, 3)));
        let twenty: Vec<u64> = (1..=20).rev().collect();
        assert_eq!(of(&twenty), Some((2, 10, 18)));
    }
}
