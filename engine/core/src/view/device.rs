//! `devices/{device}/status`

use fleetfold_schemas::status::{DeviceStatus, ExecutionView, SlotStatus};

use crate::{DeviceIx, State};

#[must_use]
pub fn device(state: &State, ix: DeviceIx) -> DeviceStatus {
    let row = state.devices.get(ix);
    let running = row.running.as_ref();
    DeviceStatus {
        device: row.id.clone(),
        model: row.model.clone(),
        lifecycle: row.lifecycle,
        running: running.map(|running| SlotStatus {
            slot: running.slot,
            version: running.version.clone(),
            digest: running.digest,
        }),
        standby: row
            .standby
            .as_ref()
            .zip(running)
            .map(|(image, running)| SlotStatus {
                slot: running.slot.other(),
                version: image.version.clone(),
                digest: image.digest,
            }),
        last_seen_ms: row.last_seen,
        execution: execution(state, ix),
    }
}

fn execution(state: &State, ix: DeviceIx) -> Option<ExecutionView> {
    let row = state.devices.get(ix);
    let (campaign, at) = row.execution?;
    let campaign = state.campaigns.get(campaign);
    let member = campaign.member(at);
    Some(ExecutionView {
        campaign: campaign.spec.id.clone(),
        attempt: member.attempts,
        status: member.execution_status()?,
        stage: row.stage,
        progress_percent: row.progress_percent,
        error: member.error.as_deref().cloned(),
        changed_ms: member.since,
    })
}
