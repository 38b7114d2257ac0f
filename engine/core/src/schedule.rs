//! Begin and end of a campaign by the calendar, and freezes.

use alloc::vec::Vec;

use fleetfold_schemas::{
    campaign::{HOUR_MS, OnEnd},
    mutant::{Mutant, is_on},
};

use crate::{
    CampaignIx, Fact, Timestamp,
    accept::cancel,
    decide::{conclude, removed},
    fact::{
        CampaignFrozen, CampaignPaused, CampaignThawed, FailureCause, PauseCause, RemovalCause,
        ScheduleEnded,
    },
    state::{Campaign, MemberState, Status},
};

/// Whether the campaign's time has not come yet.
pub fn is_early(row: &Campaign, now: Timestamp) -> bool {
    let start = row.spec.schedule.start;
    start.is_some_and(|start| now < start.ms())
}

/// Whether what is to happen at the end of the schedule is due.
pub fn is_over(row: &Campaign, now: Timestamp) -> bool {
    let end = row.spec.schedule.end;
    row.schedule_ended.is_none() && end.is_some_and(|end| end.ms() <= now)
}

/// What happens at the end of the schedule.
pub fn end(campaign: CampaignIx, row: &Campaign, facts: &mut Vec<Fact>) {
    let on_end = row.spec.schedule.on_end;
    facts.push(ScheduleEnded { campaign, on_end }.into());
    match on_end {
        OnEnd::Finish => {
            let queued = row
                .roster
                .begun()
                .filter(|(_, member)| member.state == MemberState::Queued)
                .filter(|_| !is_on(Mutant::ScheduleEndForgetsQueued));
            facts.extend(
                queued.map(|(_, member)| {
                    removed(campaign, member.device, RemovalCause::ScheduleEnded)
                }),
            );
        }
        // One that is paused stays paused.
        OnEnd::Pause if row.status.is_rolling() => {
            let cause = PauseCause::ScheduleEnded;
            facts.push(CampaignPaused { campaign, cause }.into());
        }
        OnEnd::Pause => {}
        OnEnd::Cancel => cancel(campaign, row, None, None, facts),
    }
}

/// Nothing new is offered any more: once nothing is under way, the campaign has completed or failed.
pub fn finish(campaign: CampaignIx, row: &Campaign, facts: &mut Vec<Fact>) {
    if row.totals().open == 0 {
        conclude(
            campaign,
            row,
            |phase| FailureCause::ScheduleEnded { phase },
            facts,
        );
    }
}

/// The begin or the end of a freeze, when it is due.
pub fn frost(campaign: CampaignIx, row: &Campaign, now: Timestamp) -> Option<Fact> {
    let now = now + HOUR_MS * u64::from(is_on(Mutant::ThawedEarly));
    if let Some(frozen) = &row.frozen {
        return (frozen.until <= now).then(|| CampaignThawed { campaign }.into());
    }
    if row.is_finishing() {
        // There is nothing left to be kept from starting.
        return None;
    }
    let freeze = row.freezes.iter();
    let freeze = freeze
        .filter(|freeze| freeze.from <= now && now < freeze.until)
        .max_by_key(|freeze| freeze.until)?;
    let frozen = CampaignFrozen {
        campaign,
        until: freeze.until,
        reason: freeze.reason.clone(),
    };
    Some(frozen.into())
}

/// When the calendar has something for a campaign next.
pub fn wakeup(row: &Campaign, now: Timestamp) -> Option<Timestamp> {
    let is_under_way = matches!(
        row.status,
        Status::Rolling | Status::Monitoring | Status::Paused { .. }
    );
    let end = row.spec.schedule.end.filter(|_| is_under_way);
    let end = end.filter(|_| row.schedule_ended.is_none());
    let frost = match &row.frozen {
        _ if !row.status.is_rolling() => None,
        Some(frozen) => Some(frozen.until),
        None if row.is_finishing() => None,
        None => {
            let begins = row.freezes.iter().map(|freeze| freeze.from);
            begins.filter(|from| *from > now).min()
        }
    };
    frost.into_iter().chain(end.map(|end| end.ms())).min()
}
