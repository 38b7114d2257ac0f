//! `devices/{device}/status`

use fleetfold_schemas::{
    device::{Image, Slot},
    status::{DeviceStatus, ExecutionView, FlaggedStatus, SlotStatus},
};

use crate::{DeviceIx, State, calendar::is_known};

#[must_use]
pub fn device(state: &State, ix: DeviceIx) -> DeviceStatus {
    let row = state.devices.get(ix);
    let slot = |slot: Slot, image: &Image| SlotStatus {
        slot,
        version: image.version.clone(),
        digest: image.digest,
    };
    let running = row.running();
    DeviceStatus {
        device: row.id(),
        model: row.model().clone(),
        lifecycle: row.lifecycle(),
        tenant: row.tenant(),
        running: running.map(|(runs, image)| slot(runs, image)),
        standby: row
            .standby()
            .zip(running)
            .map(|(image, (runs, _))| slot(runs.other(), image)),
        flagged: state.streaks.flag(ix).map(|flag| FlaggedStatus {
            since_ms: flag.since,
            failed: flag.failed,
            campaign: state.campaigns.get(flag.campaign).id().clone(),
        }),
        last_seen_ms: row.last_seen(),
        time_zone_unknown: row.time_zone().is_some_and(|name| !is_known(&name)),
        time_zone: row.time_zone(),
        execution: execution(state, ix),
    }
}

fn execution(state: &State, ix: DeviceIx) -> Option<ExecutionView> {
    let row = state.devices.get(ix);
    let (campaign, at) = row.execution()?;
    let campaign = state.campaigns.get(campaign);
    let member = campaign.member(at);
    let hop = campaign.hops.get(&at).filter(|_| member.is_updating());
    let via = hop.and_then(|hop| hop.to);
    Some(ExecutionView {
        campaign: campaign.spec.id.clone(),
        attempt: member.attempts,
        via: via.map(|release| state.releases.get(release).version.clone()),
        status: member.execution_status()?,
        stage: row.stage(),
        progress_percent: row.progress_percent(),
        waiting: member.state.wait().map(|wait| wait.said()),
        error: member.error.as_deref().cloned(),
        changed_ms: member.since,
    })
}
