//! What a campaign waits for, as a whole.

use fleetfold_schemas::campaign::Moment;

use crate::{
    State, Timestamp,
    approval::needed,
    decide::{DELTA_WAIT_MS, waits_for_deltas},
    fact::Action,
    judge::{HoldReason, Verdict, judge},
    rollback, schedule,
    state::{Approval, Campaign, Frozen, Status},
};

/// What holds a campaign. `None`: nothing does, or it is over.
#[must_use]
pub fn hold_reason(state: &State, row: &Campaign, now: Timestamp) -> Option<HoldReason> {
    match &row.status {
        Status::Draft => Some(awaited(state, row).unwrap_or(HoldReason::Draft)),
        Status::Staged { .. } if state.storage_low.is_some() => Some(HoldReason::StorageLow),
        Status::Staged { .. } if schedule::is_early(row, now) => {
            let start = row.spec.schedule.start.map(Moment::ms)?;
            Some(HoldReason::Scheduled { start })
        }
        Status::Staged { since } => {
            waits_for_deltas(state, row, *since, now).then_some(HoldReason::BuildingDeltas {
                until: since + DELTA_WAIT_MS,
            })
        }
        Status::Rolling | Status::Monitoring if row.is_finishing() => Some(HoldReason::Finishing {
            open: row.totals().open.into(),
        }),
        Status::Rolling | Status::Monitoring => match judge(row, now) {
            Verdict::Pause(_) => None,
            Verdict::Hold(_) | Verdict::Advance if row.frozen.is_some() => frozen(row),
            Verdict::Hold(HoldReason::Offering { .. }) if state.storage_low.is_some() => {
                Some(HoldReason::StorageLow)
            }
            Verdict::Hold(reason) => Some(reason),
            Verdict::Advance => None,
        },
        Status::Paused { .. } | Status::RollbackPaused { .. } => {
            Some(awaited(state, row).unwrap_or(HoldReason::Paused))
        }
        Status::RollingBack => match rollback::judge(row, row.rollback.as_ref()?, now) {
            rollback::Verdict::Hold(reason) => Some(reason),
            _ if state.storage_low.is_some() => Some(HoldReason::StorageLow),
            rollback::Verdict::Offer(_) => {
                let tally = row.totals();
                Some(HoldReason::Returning {
                    to_go: row.to_go_back(&tally).into(),
                    out_of_reach: tally.out_of_reach.into(),
                })
            }
            _ => None,
        },
        Status::Completed
        | Status::Canceled { .. }
        | Status::Failed { .. }
        | Status::RolledBack => None,
    }
}

/// What would set a campaign going that stands still.
fn awaited(state: &State, row: &Campaign) -> Option<HoldReason> {
    let sets_going = |asked: &&Approval| matches!(asked.action, Action::Start | Action::Resume);
    let asked = row.approvals.iter().find(sets_going)?;
    Some(HoldReason::Approval {
        action: asked.action.name(),
        given: asked.given.len() as u64,
        needed: needed(&state.approval_policy, &asked.action).into(),
        until: asked.expires_at,
    })
}

fn frozen(row: &Campaign) -> Option<HoldReason> {
    let Frozen { until, reason } = row.frozen.clone()?;
    Some(HoldReason::Frozen { until, reason })
}
