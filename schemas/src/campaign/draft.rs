//! What authors write: everything may be left out but the id and what is to be installed.
//!
//! What a campaign leaves out, its site may say in the engine's configuration; what that leaves out is built in. A
//! campaign is resolved once, when it is created, so that nothing that changes later changes it.

use alloc::{format, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    AbTestingDraft, BasisPoints, CampaignSpec, Days, Download, FailureHandlingDraft, Freeze,
    GatesDraft, GroupOrder, GroupSpec, Hours, MaintenanceWindow, Membership, MonitoringDraft,
    PhaseDraft, PreconditionsDraft, Rates, ReleaseRef, Schedule, SpecError, Strategy,
    TimeoutsDraft, layer::Layer, list,
};
use crate::id::{CampaignId, TimeZoneName};

/// The keys that a campaign and its site's defaults have in common, for both at once, so that they cannot differ.
macro_rules! keys {
    ($(#[doc = $doc:literal] $(#[doc = $more:literal])* $(#[schemars($($schema:tt)*)])? $key:ident: $type:ty, $read:literal;)*) => {
        /// A campaign as its author writes it.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct CampaignDraft {
            /// Chosen by the author; no other campaign has it.
            pub id: CampaignId,
            /// What the devices are to run: one release a model.
            #[serde(alias = "release", deserialize_with = "list::one_or_many")]
            #[cfg_attr(feature = "schema", schemars(with = "super::schema::OneOrMany<ReleaseRef>"))]
            pub releases: Vec<ReleaseRef>,
            $(
                #[doc = $doc]
                $(#[doc = $more])*
                #[serde(default, deserialize_with = $read, skip_serializing_if = "Option::is_none")]
                $(#[cfg_attr(feature = "schema", schemars($($schema)*))])?
                pub $key: Option<$type>,
            )*
        }

        /// What holds for all campaigns of a site that do not say otherwise.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct CampaignDefaults {
            $(
                #[doc = $doc]
                $(#[doc = $more])*
                #[serde(default, deserialize_with = $read, skip_serializing_if = "Option::is_none")]
                $(#[cfg_attr(feature = "schema", schemars($($schema)*))])?
                pub $key: Option<$type>,
            )*
        }

        impl CampaignDraft {
            /// Of which nothing but what is necessary is said.
            #[must_use]
            pub fn new(id: CampaignId, releases: Vec<ReleaseRef>) -> Self {
                Self { id, releases, $($key: None,)* }
            }

            /// What it says of what a site may say, too.
            pub(super) fn said(&self) -> CampaignDefaults {
                CampaignDefaults { $($key: self.$key.clone(),)* }
            }
        }

        impl Layer for CampaignDefaults {
            fn over(self, below: &Self) -> Self {
                Self { $($key: self.$key.over(&below.$key),)* }
            }
        }
    };
}

keys! {
    /// What may as well stand beside it, without `defaults`.
    defaults: RolloutDefaults, "super::layer::said";
    /// Which devices, and who comes first. Without groups: all devices whose model there is a release for.
    #[schemars(with = "Option<super::schema::OneOrMany<GroupSpec>>")]
    groups: Vec<GroupSpec>, "list::said";
    /// Whether later devices fall in.
    membership: Membership, "super::layer::said";
    /// How groups and phases interlock.
    group_order: GroupOrder, "super::layer::said";
    /// Where the phases come from when none are given.
    rollout_strategy: Strategy, "super::layer::said";
    /// Where `progressive` begins; from there on it doubles.
    initial_percentage: BasisPoints, "super::layer::said";
    /// How long each phase of `progressive` is watched.
    rollout_interval_hours: Hours, "super::layer::said";
    /// After this, what is open is timed out and what was never reached is reported as not contacted.
    max_rollout_days: Days, "super::layer::said";
    /// Of the devices that accepted, for phases that do not say their own.
    success_threshold: BasisPoints, "super::layer::said";
    /// Pause when more than this share of the outcomes is failures. 100: never.
    failure_threshold: BasisPoints, "super::layer::said";
    /// How the campaign widens, step by step.
    #[schemars(with = "Option<super::schema::OneOrMany<PhaseDraft>>")]
    phases: Vec<PhaseDraft>, "list::said";
    /// How many outcomes `failure_threshold` and promotion wait for; the whole cohort if that is smaller.
    sample_min: u32, "super::layer::said";
    /// The failure rate that is normal for this fleet.
    expected_failure: BasisPoints, "super::layer::said";
    /// The chance that the evidence pauses a campaign whose failure rate is normal, however often it is looked at.
    false_pause: BasisPoints, "super::layer::said";
    /// The share of the accepted executions that must have an outcome before a phase can pass.
    quorum: BasisPoints, "super::layer::said";
    /// What may pause it.
    gates: GatesDraft, "super::layer::said";
    /// When several campaigns want a device, the lower number goes first, then the older campaign.
    priority: u8, "super::layer::said";
    /// Takes queued jobs of other campaigns out of its way.
    security: bool, "super::layer::said";
    /// How fast it goes, and how much it may risk at once.
    rates: Rates, "super::layer::said";
    /// What must hold on a device before it goes on.
    preconditions: PreconditionsDraft, "super::layer::said";
    /// How it is watched and reported on.
    monitoring: MonitoringDraft, "super::layer::said";
    /// What is done about failures.
    failure_handling: FailureHandlingDraft, "super::layer::said";
    /// What `rollout_strategy: ab` compares.
    ab_testing: AbTestingDraft, "super::layer::said";
    /// How long is too long for one device.
    timeouts: TimeoutsDraft, "super::layer::said";
    /// When it begins and ends by itself.
    schedule: Schedule, "super::layer::said";
    /// Of devices that do not say theirs, and of the days of freezes; UTC without.
    time_zone: TimeZoneName, "super::layer::said";
    /// When devices may install; at any time without.
    #[schemars(with = "Option<super::schema::AnyNumber<MaintenanceWindow>>")]
    maintenance_windows: Vec<MaintenanceWindow>, "list::said";
    /// When nothing new may start.
    #[schemars(with = "Option<super::schema::AnyNumber<Freeze>>")]
    freezes: Vec<Freeze>, "list::said";
    /// When devices that have a maintenance window get their job.
    download: Download, "super::layer::said";
}

/// The keys of `defaults`, which may as well stand outside it.
macro_rules! rollout_defaults {
    ($($key:ident: $type:ty,)*) => {
        /// The rollout where nothing else is said. Each key may as well stand without `defaults`, but not in both places.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct RolloutDefaults {
            $(
                #[serde(
                    default,
                    deserialize_with = "super::layer::said",
                    skip_serializing_if = "Option::is_none"
                )]
                pub $key: Option<$type>,
            )*
        }

        impl Layer for RolloutDefaults {
            fn over(self, below: &Self) -> Self {
                Self { $($key: self.$key.over(&below.$key),)* }
            }
        }

        impl CampaignDefaults {
            /// The same with what `defaults` says in its place.
            pub(super) fn hoisted(mut self) -> Result<Self, SpecError> {
                let Some(defaults) = self.defaults.take() else {
                    return Ok(self);
                };
                $(
                    if self.$key.is_some() && defaults.$key.is_some() {
                        return Err(said_twice(stringify!($key)));
                    }
                    self.$key = self.$key.or(defaults.$key);
                )*
                Ok(self)
            }
        }
    };
}

rollout_defaults! {
    rollout_strategy: Strategy,
    initial_percentage: BasisPoints,
    rollout_interval_hours: Hours,
    max_rollout_days: Days,
    success_threshold: BasisPoints,
    failure_threshold: BasisPoints,
}

fn said_twice(key: &str) -> SpecError {
    SpecError::new(
        format!("defaults.{key}"),
        format!("`{key}` stands outside `defaults` as well"),
        "each key is said in one place",
    )
}

/// A description is a draft that leaves nothing out.
impl From<CampaignSpec> for CampaignDraft {
    fn from(spec: CampaignSpec) -> Self {
        Self {
            id: spec.id,
            releases: spec.releases,
            defaults: None,
            groups: Some(spec.groups),
            membership: Some(spec.membership),
            group_order: Some(spec.group_order),
            rollout_strategy: Some(spec.rollout_strategy),
            initial_percentage: None,
            rollout_interval_hours: None,
            max_rollout_days: Some(spec.max_rollout_days),
            success_threshold: None,
            failure_threshold: Some(spec.failure_threshold),
            phases: Some(spec.phases.into_iter().map(PhaseDraft::from).collect()),
            sample_min: Some(spec.sample_min),
            expected_failure: Some(spec.expected_failure),
            false_pause: Some(spec.false_pause),
            quorum: Some(spec.quorum),
            gates: Some(spec.gates.into()),
            priority: Some(spec.priority),
            security: Some(spec.security),
            rates: Some(spec.rates),
            preconditions: Some(spec.preconditions)
                .filter(|conditions| !conditions.is_empty())
                .map(PreconditionsDraft::from),
            monitoring: Some(spec.monitoring.into()),
            failure_handling: Some(spec.failure_handling.into()),
            ab_testing: spec.ab_testing.map(AbTestingDraft::from),
            timeouts: Some(spec.timeouts.into()),
            schedule: Some(spec.schedule),
            time_zone: spec.time_zone,
            maintenance_windows: Some(spec.maintenance_windows),
            freezes: Some(spec.freezes),
            download: Some(spec.download),
        }
    }
}
