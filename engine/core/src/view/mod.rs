//! The projections as others see them: retained values for the status topics, and jobs for devices.

mod alert;
mod campaign;
mod comparison;
mod compliance;
mod device;
mod explain;
mod fact;
mod health;
mod job;
mod lint;
mod notice;
mod report;

use alloc::collections::BTreeMap;

use fleetfold_schemas::{
    operator::{OperatorList, OperatorStatus, Tenants},
    status::{DeltaState, DeltaStatus, FleetSummary, ReleaseStatus, RollbackStatus},
};

pub(crate) use self::job::is_shown;
pub use self::{
    alert::{alert, alerts, ticket},
    campaign::{campaign, campaign_state, hold},
    compliance::compliance,
    device::device,
    explain::explain,
    fact::fact,
    job::job,
    lint::{SILENT_MS, lint, lint_description},
    notice::{is_notable, notice},
    report::report,
};
use crate::{ReleaseIx, State, state::Delta};

/// `releases/{model}/{version}`
#[must_use]
pub fn release(state: &State, ix: ReleaseIx) -> ReleaseStatus {
    let release = state.releases.get(ix);
    let deltas = release.deltas.iter().map(|(from, delta)| DeltaStatus {
        from: state.releases.get(*from).image,
        state: match delta {
            Delta::Building => DeltaState::Building,
            Delta::Ready { digest, bytes } => DeltaState::Ready {
                digest: *digest,
                bytes: *bytes,
            },
            Delta::Unavailable { reason } => DeltaState::Unavailable {
                reason: reason.clone(),
            },
        },
    });
    ReleaseStatus {
        model: release.model.clone(),
        version: release.version.clone(),
        vendor: release.vendor.clone(),
        sequence: release.sequence,
        image: release.image,
        image_sha256: release.image_sha256,
        image_bytes: release.image_bytes,
        signed_by: release
            .key_id
            .iter()
            .map(|byte| alloc::format!("{byte:02x}"))
            .collect(),
        deltas: deltas.collect(),
        rollbacks: release
            .rollbacks
            .iter()
            .map(|(to, back)| RollbackStatus {
                to: state.releases.get(*to).version.clone(),
                sequence: back.sequence,
            })
            .collect(),
        security: release.advisories.is_some(),
        advisories: release.advisories.clone().unwrap_or_default(),
        requires: release.requires.clone(),
        hardware: release.hardware.clone(),
        published_ms: release.published_at,
    }
}

/// The answer to `operator.list`.
#[must_use]
pub fn operators(state: &State) -> OperatorList {
    let operators = state.operators.iter().map(|(id, operator)| OperatorStatus {
        operator: id.clone(),
        role: operator.role,
        tenants: operator.tenants.clone(),
        revoked_ms: operator.revoked_at,
    });
    OperatorList {
        operators: operators.collect(),
    }
}

/// `fleet/summary`
#[must_use]
pub fn fleet(state: &State) -> FleetSummary {
    let mut devices = BTreeMap::new();
    for (lifecycle, count) in state.devices.counts().filter(|(_, count)| *count > 0) {
        let lifecycle = alloc::format!("{lifecycle:?}").to_lowercase();
        devices.insert(lifecycle, count.into());
    }
    FleetSummary {
        devices,
        flagged: state.streaks.flagged().into(),
        campaigns: state.campaigns.len().into(),
        releases: state.releases.len().into(),
        events: state.position,
    }
}

/// The same for operators of tenants: their campaigns, and no devices, for nobody counts those by tenant.
#[must_use]
pub fn fleet_of(state: &State, tenants: &Tenants) -> FleetSummary {
    let campaigns = state.campaigns.iter();
    let own = campaigns.filter(|(_, row)| tenants.include(&row.spec.owners()));
    FleetSummary {
        devices: BTreeMap::new(),
        flagged: 0,
        campaigns: own.count() as u64,
        releases: state.releases.len().into(),
        events: state.position,
    }
}
