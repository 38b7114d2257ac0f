//! How a campaign is described: the same schema in YAML and JSON.
//!
//! Thresholds are in percent with at most two decimals and become basis points; durations are numbers in the unit their
//! key names, or texts like `30m`, `4h`, `2d`; a scalar stands for a list of one. Unknown keys are refused.

mod ab;
mod check;
mod draft;
mod failure;
mod gates;
mod group;
mod health;
mod layer;
pub(crate) mod list;
mod misfit;
mod monitoring;
mod phase;
mod preconditions;
mod rates;
mod ratio;
mod resolve;
#[cfg(feature = "schema")]
mod schema;
mod span;
mod time;

use alloc::{vec, vec::Vec};

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
pub use self::schema::json_schema;
pub use self::{
    ab::{AbTesting, AbTestingDraft, Metric, Other},
    check::{GROUPS_MAX, PHASES_MAX, SpecError},
    draft::{CampaignDefaults, CampaignDraft, RolloutDefaults},
    failure::{
        ClassRule, Classes, FailureHandling, FailureHandlingDraft, Jitter, RETRIES_MAX, Timeouts,
        TimeoutsDraft,
    },
    gates::{Gates, GatesDraft, SprtSpec, StrataKey},
    group::{Criteria, Facets, GroupOrder, GroupSpec, Membership, VersionRequirement},
    health::{
        Against, BatteryDrainGate, BootTimeGate, HealthGates, HealthMetric, HealthRule,
        RebootRateGate,
    },
    monitoring::{Monitoring, MonitoringDraft},
    phase::{PhaseDraft, PhaseSpec, Strategy},
    preconditions::{AtLimit, ConsentDraft, ConsentSpec, Preconditions, PreconditionsDraft},
    rates::{Factor, Growth, Pace, Rates},
    ratio::BasisPoints,
    span::{
        DAY_MS, DURATION_MS_MAX, Days, HOUR_MS, Hours, MINUTE_MS, Minutes, Span, human_duration,
    },
    time::{
        ClockTime, Download, Freeze, FreezeBound, MaintenanceWindow, Moment, OnEnd, Schedule,
        TIMES_MAX, Weekdays,
    },
};
use crate::{
    id::{CampaignId, ModelId, Name, TimeZoneName, Version},
    operator::Owners,
};

/// A campaign as it is carried out: [`CampaignDraft`] with nothing left to default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignSpec {
    pub id: CampaignId,
    /// What the devices are to run: one release a model.
    #[serde(alias = "release", deserialize_with = "list::one_or_many")]
    pub releases: Vec<ReleaseRef>,
    /// Without groups: one of all devices whose model there is a release for.
    #[serde(default = "everybody")]
    pub groups: Vec<GroupSpec>,
    #[serde(default)]
    pub membership: Membership,
    #[serde(default)]
    pub group_order: GroupOrder,
    /// Where the phases come from when none are given.
    #[serde(default)]
    pub rollout_strategy: Strategy,
    #[serde(default = "phased")]
    pub phases: Vec<PhaseSpec>,
    /// Pause when more than this share of the resolved devices has failed.
    #[serde(default = "default_failure_threshold")]
    pub failure_threshold: BasisPoints,
    /// How many outcomes `failure_threshold` and promotion wait for; the whole cohort if that is smaller.
    #[serde(default = "default_sample_min")]
    pub sample_min: u32,
    /// The failure rate that is normal for this fleet, for the `confident` gate.
    #[serde(default = "default_expected_failure")]
    pub expected_failure: BasisPoints,
    /// The chance that the `confident` gate pauses a campaign whose failure rate is normal.
    #[serde(default = "default_false_pause")]
    pub false_pause: BasisPoints,
    /// The share of accepted executions that must be resolved before a phase can pass.
    #[serde(default = "default_quorum")]
    pub quorum: BasisPoints,
    #[serde(default)]
    pub gates: Gates,
    /// When several campaigns want a device, the lower number goes first, then the older campaign.
    #[serde(default = "default_priority")]
    pub priority: u8,
    /// Takes queued jobs of other campaigns out of its way.
    #[serde(default)]
    pub security: bool,
    #[serde(default)]
    pub rates: Rates,
    /// What devices wait for before they go on.
    #[serde(default, skip_serializing_if = "Preconditions::is_empty")]
    pub preconditions: Preconditions,
    #[serde(default)]
    pub monitoring: Monitoring,
    #[serde(default)]
    pub failure_handling: FailureHandling,
    /// Only with [`Strategy::Ab`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ab_testing: Option<AbTesting>,
    #[serde(default)]
    pub timeouts: Timeouts,
    /// After this, what is open is timed out and what was never reached is reported as not contacted.
    #[serde(default = "default_max_rollout")]
    pub max_rollout_days: Days,
    #[serde(default, skip_serializing_if = "Schedule::says_nothing")]
    pub schedule: Schedule,
    /// Of devices that do not say theirs, and of the days of freezes; UTC without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZoneName>,
    /// Without any, devices install at any time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maintenance_windows: Vec<MaintenanceWindow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freezes: Vec<Freeze>,
    #[serde(default, skip_serializing_if = "Download::is_early")]
    pub download: Download,
}

/// A release, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleaseRef {
    pub model: ModelId,
    pub version: Version,
}

impl CampaignSpec {
    /// Whose devices can take part: those of the tenants that all groups together name, or, if one of them names none,
    /// anybody's.
    #[must_use]
    pub fn owners(&self) -> Owners {
        let mut owners = Vec::new();
        for group in &self.groups {
            match &group.criteria.tenant {
                Some(tenants) => owners.extend(tenants.iter().cloned()),
                None => return Owners::Tenants(Vec::new()),
            }
        }
        owners.sort_unstable();
        owners.dedup();
        Owners::Tenants(owners)
    }

    /// All of the releases' models in one group, in the phases of [`Strategy::Phased`]; everything else as it is when
    /// nothing is said.
    #[must_use]
    pub fn new(id: CampaignId, releases: Vec<ReleaseRef>) -> Self {
        Self {
            id,
            releases,
            groups: everybody(),
            membership: Membership::default(),
            group_order: GroupOrder::default(),
            rollout_strategy: Strategy::default(),
            phases: phased(),
            failure_threshold: default_failure_threshold(),
            sample_min: default_sample_min(),
            expected_failure: default_expected_failure(),
            false_pause: default_false_pause(),
            quorum: default_quorum(),
            gates: Gates::default(),
            priority: default_priority(),
            security: false,
            rates: Rates::default(),
            preconditions: Preconditions::default(),
            monitoring: Monitoring::default(),
            failure_handling: FailureHandling::default(),
            ab_testing: None,
            timeouts: Timeouts::default(),
            max_rollout_days: default_max_rollout(),
            schedule: Schedule::default(),
            time_zone: None,
            maintenance_windows: Vec::new(),
            freezes: Vec::new(),
            download: Download::default(),
        }
    }
}

fn everybody() -> Vec<GroupSpec> {
    vec![GroupSpec {
        name: Name::parse("all").expect("our own names are valid"),
        priority: 1,
        rollout_order: 1,
        criteria: Criteria::default(),
    }]
}

fn phased() -> Vec<PhaseSpec> {
    phase::phased(phase::default_success_threshold())
}

const fn default_failure_threshold() -> BasisPoints {
    BasisPoints::from_percent(10)
}

const fn default_priority() -> u8 {
    100
}

const fn default_sample_min() -> u32 {
    20
}

const fn default_expected_failure() -> BasisPoints {
    BasisPoints::from_percent(2)
}

const fn default_false_pause() -> BasisPoints {
    BasisPoints::from_percent(5)
}

const fn default_quorum() -> BasisPoints {
    BasisPoints::from_percent(95)
}

const fn default_max_rollout() -> Days {
    Days::of(14)
}
