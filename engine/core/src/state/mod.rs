//! The projections: what all facts so far add up to.
//!
//! Only [`crate::apply`] changes them. Rows are found by number; names are interned once.

mod approval;
mod campaign;
mod campaigns;
mod command;
mod comparison;
mod device;
mod health;
mod heard;
mod inventory;
mod member;
mod names;
mod release;
mod rollback;
mod roster;
mod shared;
mod sources;
mod strata;
mod streak;
mod wait;
mod watch;

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use fleetfold_schemas::{
    Name, OperatorId, approval::ApprovalPolicy, campaign::CampaignDefaults, cose::TrustedKeys,
    operator::Tenants,
};

pub(crate) use self::command::AnswerId;
pub use self::{
    approval::Approval,
    campaign::{
        Campaign, Evidence, Frozen, Hop, PhaseRun, Positions, Starts, Status, Stratum, WindowCensus,
    },
    campaigns::Campaigns,
    command::{ANSWERS_KEPT_MS, Answered, CLOCK_SKEW_MAX_MS, Commands},
    comparison::{Comparison, Verdict as ComparisonVerdict},
    device::{Device, Devices, Reboots},
    health::{Health, Watch},
    heard::{Heard, is_news},
    inventory::Inventory,
    member::{Counted, Member, MemberState, PhaseTally, ReturnStep},
    release::{Delta, Release, Releases, WayBack},
    rollback::{Returns, Rollback},
    roster::{GroupRun, Place, Roster},
    sources::{SOURCES_MAX, Sources},
    streak::{Flag, Streak, Streaks},
    wait::{Wait, Waits},
    watch::{Alerts, Lookout, Silent, Standing, TICKETS_MAX, Ticket, Tickets},
};
pub(crate) use self::{
    device::{SaidNumbers, kept},
    health::Said as SaidOfHealth,
    inventory::{Said, check_attributes, check_profile},
    names::Names,
    roster::group_order,
    shared::{Number, Shared},
    strata::{STRATA_MAX, stratum_of, tell_apart},
};
use crate::{Timestamp, fact::Role};

/// Everything the engine knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Of the last fact folded in; facts count from 1.
    pub position: u64,
    /// When that fact was recorded.
    pub recorded_at: Timestamp,
    pub site: Option<Site>,
    /// While there is less room for the log than there should be.
    pub storage_low: Option<StorageShortage>,
    /// What campaigns are resolved against when they are created.
    pub campaign_defaults: CampaignDefaults,
    /// How many people must want what one asks for.
    pub approval_policy: ApprovalPolicy,
    pub operators: BTreeMap<OperatorId, Operator>,
    pub keys: Keys,
    pub commands: Commands,
    pub devices: Devices,
    /// Of devices whose executions keep failing.
    pub streaks: Streaks,
    pub releases: Releases,
    pub campaigns: Campaigns,
    pub tickets: Tickets,
    /// That are about no campaign, besides `storage_low`.
    pub alerts: Alerts,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub name: Name,
    pub speed: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub role: Role,
    pub tenants: Tenants,
    pub password_hash: String,
    /// When its access ended.
    pub revoked_at: Option<Timestamp>,
}

impl Operator {
    /// What it may do now.
    #[must_use]
    pub const fn standing(&self) -> Option<Role> {
        match self.revoked_at {
            None => Some(self.role),
            Some(_) => None,
        }
    }
}

/// The room for the log as it was when it fell below the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageShortage {
    pub since: Timestamp,
    pub free_bytes: u64,
    pub floor_bytes: u64,
}

/// Release keys: whose manifests are accepted.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    pub names: Vec<(Name, [u8; 32])>,
    pub trusted: TrustedKeys,
}

impl Keys {
    /// A key that is not a curve point verifies nothing; `accept` refuses it, and here it is passed over.
    pub(crate) fn add(&mut self, name: Name, public_key: [u8; 32]) {
        self.names.push((name, public_key));
        if let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(&public_key) {
            self.trusted.add(key);
        }
    }
}
