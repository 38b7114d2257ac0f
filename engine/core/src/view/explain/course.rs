//! What the campaign itself waits for.

use alloc::{format, vec, vec::Vec};

use fleetfold_schemas::{
    explain::{Reason, Statement},
    status::Hold,
};

use super::{super::campaign, Part, at, so, until};
use crate::{Timestamp, hold::hold_reason, judge::HoldReason, state::Status};

impl Part<'_> {
    /// A hold in the words of the status.
    pub(super) fn hold(&self, reason: &HoldReason, now: Timestamp) -> Hold {
        campaign::hold(reason, self.row.spec.time_zone.as_ref(), now)
    }

    /// Why the campaign as a whole does not go on, whoever is meant.
    pub(super) fn course(&self, now: Timestamp) -> Vec<Statement> {
        let (row, position) = (self.row, self.row.positions.status);
        let hold = hold_reason(self.state, row, now).map(|reason| self.hold(&reason, now));
        let cause = campaign::cause(row).map(|cause| cause.text);
        let why = cause.map_or_else(alloc::string::String::new, |cause| format!(": {cause}"));
        match &row.status {
            Status::Draft => vec![at(
                position,
                Reason::CampaignDraft,
                "nobody has started the campaign",
            )],
            Status::Staged { .. } | Status::Rolling | Status::Monitoring => hold
                .map(|hold| {
                    let text = format!("the campaign waits: {}", hold.text);
                    // A hold follows from the state of many devices.
                    until(hold.until_ms, so(Reason::CampaignWaits, text))
                })
                .into_iter()
                .collect(),
            Status::Paused { .. } | Status::RollbackPaused { .. } => vec![at(
                position,
                Reason::CampaignPaused,
                format!("the campaign is paused{why}"),
            )],
            Status::RollingBack => vec![at(
                position,
                Reason::CampaignRollingBack,
                format!("the campaign is taken back{why}"),
            )],
            Status::Completed
            | Status::Canceled { .. }
            | Status::Failed { .. }
            | Status::RolledBack => {
                let state = super::campaign_state(&row.status)
                    .as_str()
                    .replace('_', " ");
                vec![at(
                    position,
                    Reason::CampaignOver,
                    format!("the campaign is {state}{why}"),
                )]
            }
        }
    }

    /// The phase that has to be reached first, if the device's own is not.
    pub(super) fn phase_before(&self, now: Timestamp) -> Option<Vec<Statement>> {
        let (row, member) = (self.row, self.member()?);
        if row.has_reached(member) {
            return None;
        }
        let group = &row.roster.groups()[usize::from(member.place.group)];
        let own = row.spec.phases.get(usize::from(member.place.phase))?;
        let run = row.runs[row.run];
        let text = match group.track == run.track {
            true => format!(
                "phase {} comes after {}, which runs",
                own.name,
                row.phase().name
            ),
            false => format!(
                "phase {} of its group comes when groups of a lower rollout_order are through; {} of theirs runs",
                own.name,
                row.phase().name
            ),
        };
        let mut statements = vec![at(run.position, Reason::PhaseNotReached, text)];
        statements.extend(self.course(now));
        Some(statements)
    }
}
