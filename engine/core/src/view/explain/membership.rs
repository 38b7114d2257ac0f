//! Why this device.

use alloc::{format, vec, vec::Vec};

use fleetfold_schemas::{
    campaign::{Facets, Membership},
    command::Lifecycle,
    explain::{Reason, Statement},
};

use super::{Part, at, so};
use crate::{gate::ab::Arm, state::MemberState};

impl Part<'_> {
    pub(super) fn membership(&self) -> Vec<Statement> {
        match self.at {
            Some(member) => self.is_in(member),
            None => self.is_out(),
        }
    }

    fn is_in(&self, member_at: u32) -> Vec<Statement> {
        let (row, member) = (self.row, self.row.member(member_at));
        let place = self.place(member_at);
        let mut statements = vec![match place.rank {
            Some(_) => at(
                row.positions.started,
                Reason::FitsGroup,
                format!("it fitted group {} when the campaign started", place.group),
            ),
            None => {
                // Later facts of the device stand where its joining stood.
                let joined = match member.state {
                    MemberState::Waiting => member.position,
                    _ => 0,
                };
                let text = format!("it came to fit group {} after the start", place.group);
                at(joined, Reason::JoinedLater, text)
            }
        }];
        let group = &row.roster.groups()[usize::from(member.place.group)];
        let spec = row.spec.phases.get(usize::from(member.place.phase));
        statements.push(match (spec, place.rank) {
            (Some(phase), Some(rank)) => so(
                Reason::InPhase,
                format!(
                    "by rank it is number {rank} of {}; phase {} reaches to number {}, which is {}",
                    place.of,
                    phase.name,
                    group.reach(member.place.phase),
                    phase.percentage,
                ),
            ),
            (Some(phase), None) => so(
                Reason::InPhase,
                format!("by rank it belongs to phase {}", phase.name),
            ),
            (None, _) => so(
                Reason::BeyondPhases,
                "by rank it is beyond the last phase, so it is never offered anything",
            ),
        });
        if let Some(arm) = &place.arm {
            let text = format!("it is in arm {arm} of the comparison");
            statements.push(so(Reason::InArm, text));
        }
        statements
    }

    fn is_out(&self) -> Vec<Statement> {
        let (row, known) = (self.row, self.state.devices.get(self.device));
        if known.lifecycle() == Lifecycle::Retired {
            return vec![so(Reason::Retired, "it has been retired")];
        }
        let position = row.positions.created;
        let (arm, is_given) = row.arm_of(known.name());
        if row.release_in(arm, known.model()).is_none() && is_given {
            let text = format!("the campaign has no release for {}", known.model());
            return vec![at(position, Reason::NoRelease, text)];
        }
        let inventory = known.inventory();
        let facets = Facets {
            device: known.name(),
            model: known.model(),
            hardware: inventory.hardware.as_ref(),
            region: inventory.region.as_ref(),
            version: known.running().map(|(_, image)| &image.version),
            tenant: inventory.tenant.as_ref(),
            tags: &inventory.tags,
            attributes: &inventory.attributes,
        };
        let mut fails = Vec::new();
        for group in self.groups() {
            let misfits = group.criteria.misfits(&facets);
            if misfits.is_empty() {
                return self.fits_and_is_out(&group.name, arm, is_given);
            }
            fails.extend(misfits.into_iter().map(|misfit| {
                let text = format!("group {}: {misfit}", group.name);
                at(position, Reason::CriterionFails, text)
            }));
        }
        fails
    }

    /// It fits a group by now.
    fn fits_and_is_out(
        &self,
        group: &fleetfold_schemas::Name,
        arm: Arm,
        is_given: bool,
    ) -> Vec<Statement> {
        let row = self.row;
        if arm == Arm::B && !is_given {
            let text = "it is in arm B of the comparison, which is given nothing";
            return vec![at(row.positions.created, Reason::UntreatedArm, text)];
        }
        if row.started_at.is_none() {
            let text = format!("it fits group {group}");
            return vec![at(row.positions.created, Reason::FitsGroup, text)];
        }
        let text = match row.spec.membership {
            Membership::Static => format!(
                "it fits group {group} now, but did not at the start, when a static campaign fixes who takes part"
            ),
            Membership::Dynamic => {
                format!("it fits group {group} now, but the campaign takes nobody in any more")
            }
        };
        vec![at(row.positions.started, Reason::CameLater, text)]
    }
}
