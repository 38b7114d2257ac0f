//! Why now, or why not yet.

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use fleetfold_schemas::{
    campaign::human_duration,
    command::Lifecycle,
    explain::{Reason, Statement},
};

use super::{Part, at, so, until};
use crate::{
    CampaignIx, Timestamp,
    calendar::{Window, clock, is_known},
    decide::{Availability, availability, precedence},
    fact::{DeferralCause, KeptCause, RemovalCause},
    judge::HoldReason,
    pace::allowance,
    state::{Member, MemberState, ReturnStep, Status, Wait},
    view::is_shown,
};

impl Part<'_> {
    pub(super) fn turn(&self, now: Timestamp) -> Vec<Statement> {
        let Some(member) = self.member() else {
            return Vec::new();
        };
        let mut statements = self.failures(member);
        statements.extend(self.passing_through(member));
        statements.extend(match member.state {
            MemberState::Waiting => self.waiting(now),
            MemberState::Deferred => self.deferred(member, now),
            MemberState::Retrying { at } => self.retrying(member, at, now),
            MemberState::Queued | MemberState::InProgress => self.open(member, now),
            MemberState::Held(wait) => {
                let held = self.held(member, wait);
                core::iter::once(held)
                    .chain(self.window(member, now))
                    .collect()
            }
            MemberState::Removed => {
                let flagged = self.flagged().into_iter();
                core::iter::once(self.removed(member))
                    .chain(flagged)
                    .collect()
            }
            MemberState::Failed | MemberState::Rejected | MemberState::TimedOut => {
                let flagged = self.flagged().into_iter();
                core::iter::once(self.ended(member))
                    .chain(flagged)
                    .collect()
            }
            MemberState::Returning { step, .. } => self.going_back(member, step, now),
            _ => vec![self.ended(member)],
        });
        statements
    }

    /// It is given something else than the campaign's release, and that comes after.
    fn passing_through(&self, member: &Member) -> Option<Statement> {
        let hop = self.row.hops.get(&self.at?)?;
        let version = |release| &self.state.releases.get(release).version;
        let (to, position) = match (hop.to, hop.passed) {
            (Some(to), _) if member.is_updating() => (to, member.job),
            (None, Some(passed)) if member.state == MemberState::Deferred && !hop.has_left => {
                let text = format!("it has passed through {}", version(passed));
                return Some(so(Reason::PassesThrough, text));
            }
            _ => return None,
        };
        let text = format!("it has to pass through {} first", version(to));
        Some(at(position, Reason::PassesThrough, text))
    }

    /// What has gone wrong so far.
    fn failures(&self, member: &Member) -> Vec<Statement> {
        let Some(error) = &member.error else {
            return Vec::new();
        };
        let mut text = format!(
            "an attempt has failed: {} ({})",
            error.class.as_str(),
            error.code
        );
        if !error.message.is_empty() {
            text += &format!(": {}", error.message);
        }
        // Of later states, the failure is not what stands at their position.
        let is_written = matches!(
            member.state,
            MemberState::Failed
                | MemberState::Rejected
                | MemberState::TimedOut
                | MemberState::ReturnFailed { .. }
        );
        let position = if is_written { member.position } else { 0 };
        vec![at(position, Reason::AttemptFailed, text)]
    }

    fn waiting(&self, now: Timestamp) -> Vec<Statement> {
        let row = self.row;
        let member = self.member().expect("only members wait");
        if usize::from(member.place.phase) >= row.spec.phases.len() {
            // Its place says so.
            return Vec::new();
        }
        if !row.status.is_rolling() {
            return self.course(now);
        }
        if let Some(statements) = self.phase_before(now) {
            return statements;
        }
        let mut statements = self.in_the_way();
        statements.extend(self.limits(now));
        let ahead = self.at.map_or(0, |at| {
            let reached = |track| row.phases_reached(track);
            row.roster.ahead_of(at, reached)
        });
        if ahead > 0 {
            let text = format!("up to {ahead} devices of its phase go first");
            statements.push(so(Reason::Ahead, text));
        }
        if statements.is_empty() {
            let text = format!(
                "phase {} runs, and the device is the next",
                row.phase().name
            );
            statements.push(at(row.runs[row.run].position, Reason::Next, text));
        }
        statements
    }

    /// What the campaign may not start for now.
    fn limits(&self, now: Timestamp) -> Vec<Statement> {
        if self.state.storage_low.is_some() {
            let hold = self.hold(&HoldReason::StorageLow, now);
            return vec![so(Reason::CampaignWaits, hold.text)];
        }
        if self.row.frozen.is_some() || self.row.is_finishing() {
            return self.course(now);
        }
        let Err(limit) = allowance(self.row, now) else {
            return Vec::new();
        };
        let hold = self.hold(&HoldReason::Limited(limit), now);
        let statement = so(Reason::CampaignWaits, hold.text);
        vec![until(hold.until_ms, statement)]
    }

    fn deferred(&self, member: &Member, now: Timestamp) -> Vec<Statement> {
        let mut statements = self.in_the_way();
        if let Some(first) = statements.first_mut() {
            first.position = first
                .position
                .or((member.position > 0).then_some(member.position));
        }
        statements.extend(self.window(member, now));
        if !self.row.status.is_rolling() {
            statements.extend(self.course(now));
        } else {
            statements.extend(self.limits(now));
        }
        if statements.is_empty() {
            let text = "its turn had come when it could take no job; it can now, and is the next";
            statements.push(at(member.position, Reason::Next, text));
        }
        statements
    }

    /// What keeps the device from taking a job of this campaign.
    fn in_the_way(&self) -> Vec<Statement> {
        let known = self.state.devices.get(self.device);
        if known.lifecycle() == Lifecycle::Retired {
            return vec![so(Reason::Retired, "it has been retired")];
        }
        let mut statements: Vec<_> = self.flagged().into_iter().collect();
        match availability(self.state, self.device, self.ix) {
            Availability::Not(DeferralCause::Maintenance) => {
                let text = "it is in maintenance, which keeps it out of campaigns";
                statements.push(so(Reason::Maintenance, text));
            }
            Availability::Not(
                DeferralCause::Busy
                | DeferralCause::MadeWay
                | DeferralCause::CalledBack
                | DeferralCause::Reconsidered
                | DeferralCause::Window,
            ) => {
                statements.extend(
                    known
                        .execution()
                        .into_iter()
                        .flat_map(|(other, _)| self.busy_with(other)),
                );
            }
            Availability::FreeAfter(other) => {
                let row = self.state.campaigns.get(other);
                let why = match row.status {
                    Status::Paused { .. } | Status::RollbackPaused { .. } => "which is paused",
                    _ if row.frozen.is_some() => "which is frozen",
                    _ => "for this is a security campaign",
                };
                let text = format!(
                    "the job of {} that it has not accepted makes way, {why}",
                    row.id()
                );
                statements.push(at(row.positions.status, Reason::Supersedes, text));
            }
            Availability::Free => {}
        }
        statements.extend(self.others_first());
        statements
    }

    fn flagged(&self) -> Option<Statement> {
        let flag = self.state.streaks.flag(self.device)?;
        let text = format!(
            "it is flagged, for {} of its executions have failed in a row: nothing is offered to it until that is taken back",
            flag.failed
        );
        Some(at(flag.position, Reason::Flagged, text))
    }

    /// Another campaign's job is there, and why it stays.
    fn busy_with(&self, other: CampaignIx) -> Vec<Statement> {
        let (row, known) = (
            self.state.campaigns.get(other),
            self.state.devices.get(self.device),
        );
        let Some((_, at_other)) = known.execution() else {
            return Vec::new();
        };
        let member = row.member(at_other);
        let is_accepted = matches!(
            member.state,
            MemberState::InProgress
                | MemberState::Held(_)
                | MemberState::Returning {
                    step: ReturnStep::InProgress,
                    ..
                }
        );
        let how = if is_accepted {
            "is at"
        } else {
            "has been given"
        };
        let text = format!("it {how} a job of {}, and never has two", row.id());
        let why = match self.comes_before(other) {
            true if is_accepted => format!(
                "this goes before {} ({}), but what the device has accepted is not taken from it",
                row.id(),
                self.order(other)
            ),
            true => format!(
                "this goes before {} ({}), but a job that is there stays; only a security campaign takes it back",
                row.id(),
                self.order(other),
            ),
            false => format!("{} goes first: {}", row.id(), self.order(other)),
        };
        vec![
            until(row.due(member), at(member.position, Reason::Busy, text)),
            at(row.positions.created, Reason::GoesFirst, why),
        ]
    }

    /// Other campaigns that want the device and get it first.
    fn others_first(&self) -> Vec<Statement> {
        let busy = self.state.devices.get(self.device).execution();
        let mut statements = Vec::new();
        for other in self.state.campaigns.active() {
            let row = self.state.campaigns.get(other);
            let is_open = busy.is_some_and(|(ix, at)| ix == other && row.member(at).is_open());
            if other == self.ix || is_open || self.comes_before(other) || !row.status.is_rolling() {
                continue;
            }
            let Some(at_other) = row.member_of(self.device, &self.state.devices) else {
                continue;
            };
            let member = row.member(at_other);
            let is_reached = row.has_reached(member);
            let wants = match member.state {
                MemberState::Waiting => is_reached,
                MemberState::Deferred | MemberState::Retrying { .. } => true,
                _ => false,
            };
            if wants {
                let text = format!(
                    "{} wants it too, and goes first: {}",
                    row.id(),
                    self.order(other)
                );
                statements.push(at(row.positions.created, Reason::StandsBehind, text));
            }
        }
        statements
    }

    fn comes_before(&self, other: CampaignIx) -> bool {
        precedence(self.row, self.ix) < precedence(self.state.campaigns.get(other), other)
    }

    /// What decides between the two.
    fn order(&self, other: CampaignIx) -> String {
        let (first, last) = match self.comes_before(other) {
            true => (self.ix, other),
            false => (other, self.ix),
        };
        let spec = |ix| &self.state.campaigns.get(ix).spec;
        let (first, last) = (spec(first), spec(last));
        if first.security && !last.security {
            return format!("{} is a security campaign", first.id);
        }
        match first.priority == last.priority {
            true => format!(
                "both have priority {}, and {} was created earlier",
                first.priority, first.id
            ),
            false => format!("priority {} comes before {}", first.priority, last.priority),
        }
    }

    fn retrying(&self, member: &Member, retry_at: Timestamp, now: Timestamp) -> Vec<Statement> {
        let text = match retry_at.checked_sub(now) {
            None | Some(0) => format!("attempt {} is due", member.attempts + 1),
            Some(left) => format!(
                "attempt {} is due in {}",
                member.attempts + 1,
                human_duration(left)
            ),
        };
        let mut statements = vec![until(
            Some(retry_at),
            at(member.position, Reason::RetryAt, text),
        )];
        if !self.row.status.is_rolling() {
            statements.extend(self.course(now));
        } else if retry_at <= now {
            statements.extend(self.in_the_way());
            statements.extend(self.limits(now));
        }
        statements
    }

    /// How it stands to the maintenance window that it has a job for, or waits for, by its own clock.
    fn window(&self, member: &Member, now: Timestamp) -> Option<Statement> {
        let window = self.row.window(member)?;
        let own = self.state.devices.get(self.device).time_zone();
        let own = own.filter(is_known);
        let zone = own.as_ref().or(self.row.spec.time_zone.as_ref());
        let (text, ends) = if window == Window::NEVER {
            let text = "none of its maintenance windows opens before the campaign is over";
            (text.to_string(), None)
        } else if now < window.from {
            let opens = clock(window.from, zone);
            let text =
                format!("its maintenance window opens at {opens}: until then it installs nothing");
            (text, Some(window.from))
        } else if now < window.until {
            let closes = clock(window.until, zone);
            let text = format!("its maintenance window is open until {closes}");
            (text, Some(window.until))
        } else {
            let closed = clock(window.until, zone);
            let text = format!(
                "its maintenance window closed at {closed}; once it is heard of, it has the next one"
            );
            (text, None)
        };
        Some(until(ends, so(Reason::Window, text)))
    }

    /// It has said itself what for.
    fn held(&self, member: &Member, wait: Wait) -> Statement {
        let mut text = format!(
            "it has accepted attempt {} and waits for {}",
            member.attempts,
            wait.what.as_str()
        );
        if wait.postponed > 0 {
            text += &format!(", put off {} times", wait.postponed);
        }
        let statement = at(member.position, Reason::DeviceWaits, text);
        until(wait.until().or_else(|| self.row.due(member)), statement)
    }

    fn open(&self, member: &Member, now: Timestamp) -> Vec<Statement> {
        let known = self.state.devices.get(self.device);
        let due = self.row.due(member);
        if member.state == MemberState::InProgress {
            let mut text = format!("it is at attempt {}", member.attempts);
            if let Some(stage) = known.stage() {
                text += &format!(", {}", stage.as_str());
            }
            if let Some(percent) = known.progress_percent() {
                text += &format!(" {percent} %");
            }
            text += "; without an outcome it counts as lost_contact";
            let mut statements = vec![until(due, at(member.position, Reason::InProgress, text))];
            statements.extend(self.window(member, now));
            if let Status::Canceled { .. } = self.row.status {
                statements.extend(self.course(now));
            }
            return statements;
        }
        let text = format!(
            "its turn has come: the job of attempt {} is on its topic since then, and is withdrawn if it is not accepted",
            member.attempts
        );
        let mut statements = vec![until(due, at(member.job, Reason::Queued, text))];
        statements.extend(self.window(member, now));
        if !is_shown(self.row, member) {
            let text = "the job is hidden from it meanwhile";
            statements.push(so(Reason::Hidden, text));
            statements.extend(self.course(now));
        }
        statements.push(self.heard(now));
        statements
    }

    fn heard(&self, now: Timestamp) -> Statement {
        match self.state.devices.get(self.device).last_seen() {
            None => so(Reason::NeverHeardOf, "it has never been heard of"),
            Some(seen) => so(
                Reason::LastHeard,
                format!(
                    "it was last heard of {} ago",
                    human_duration(now.saturating_sub(seen))
                ),
            ),
        }
    }

    fn removed(&self, member: &Member) -> Statement {
        let excluded = self.at.and_then(|at| self.row.excluded.get(&at));
        let (reason, text) = match (member.removed_for, excluded) {
            (Some(RemovalCause::NotContacted), _) => (
                Reason::NotContacted,
                "it did not take its job in time, and counts neither way".into(),
            ),
            (Some(RemovalCause::Retired), _) => (
                Reason::Retired,
                "it was retired before it took its job".into(),
            ),
            (Some(RemovalCause::Superseded), _) => (
                Reason::Superseded,
                "it runs a newer release, and devices refuse to go back to an older one".into(),
            ),
            (Some(RemovalCause::ScheduleEnded), _) => (
                Reason::ScheduleEnded,
                "the campaign's schedule ended before it took its job".into(),
            ),
            (Some(RemovalCause::PreconditionUnmet), _) => (
                Reason::PreconditionUnmet,
                "it waited too long for what must hold before it goes on, and counts neither way"
                    .into(),
            ),
            (Some(RemovalCause::ConsentDenied), _) => (
                Reason::ConsentDenied,
                "its user put the update off as often as possible, and then did not agree".into(),
            ),
            (Some(RemovalCause::ConditionsUnsupported), _) => (
                Reason::ConditionsUnsupported,
                "it does not know how to wait for what must hold before it goes on".into(),
            ),
            (Some(RemovalCause::NoPath), _) => (
                Reason::NoPath,
                "no releases lead from what it runs to what it should run".into(),
            ),
            (Some(RemovalCause::Hardware), _) => (
                Reason::WrongHardware,
                "the release is not for its hardware revision".into(),
            ),
            (Some(RemovalCause::Flagged), _) => (
                Reason::Flagged,
                "its executions kept failing, so it was passed over".into(),
            ),
            (None, Some(operator)) => (Reason::Excluded, format!("{operator} took it out")),
            (None, None) => (Reason::Excluded, "it was taken out".into()),
        };
        at(member.position, reason, text)
    }

    fn going_back(&self, member: &Member, step: ReturnStep, now: Timestamp) -> Vec<Statement> {
        let (reason, text) = match step {
            ReturnStep::Queued => (Reason::GoingBack, "its job to go back is on its topic"),
            ReturnStep::InProgress => (Reason::GoingBack, "it is on its way back"),
            ReturnStep::Retrying { .. } => (Reason::RetryAt, "another attempt to go back is due"),
            ReturnStep::OutOfReach => (
                Reason::OutOfReach,
                "it did not take its job to go back; it gets it again when it is heard of",
            ),
            ReturnStep::Deferred => {
                let mut statements = self.in_the_way();
                statements.extend(self.course(now));
                return statements;
            }
        };
        let statement = at(member.position, reason, text);
        let mut statements = vec![until(self.row.due(member), statement)];
        statements.extend(self.course(now));
        statements
    }

    fn ended(&self, member: &Member) -> Statement {
        let (reason, text) = match member.state {
            MemberState::Succeeded if member.attempts == 0 => (
                Reason::AlreadyUpdated,
                "it ran the target already when its turn came",
            ),
            MemberState::Succeeded => (Reason::Updated, "it runs the target"),
            MemberState::Failed | MemberState::Rejected | MemberState::TimedOut => {
                (Reason::NoRetryLeft, "no further attempt is left for it")
            }
            MemberState::Canceled => (Reason::Canceled, "its job was withdrawn with the campaign"),
            MemberState::RolledBack => (
                Reason::RolledBack,
                "it had succeeded, and went back to another image by itself",
            ),
            MemberState::Returned => (Reason::SentBack, "it was updated, and has been sent back"),
            MemberState::ReturnFailed { .. } => (
                Reason::Kept,
                "it could not be sent back, and no attempt is left",
            ),
            MemberState::Kept(cause) => (Reason::Kept, kept(cause)),
            MemberState::Waiting
            | MemberState::Deferred
            | MemberState::Queued
            | MemberState::InProgress
            | MemberState::Held(_)
            | MemberState::Retrying { .. }
            | MemberState::Removed
            | MemberState::Returning { .. } => unreachable!("these have no end yet, or their own"),
        };
        at(member.position, reason, text)
    }
}

const fn kept(cause: KeptCause) -> &'static str {
    match cause {
        KeptCause::NoRollbackImage => {
            "it stays updated: no manifest was signed that leads back from what it runs"
        }
        KeptCause::NotContacted => "it stays updated: it was out of reach until the way back ended",
        KeptCause::RunsAnother => "it stays as it is: it runs something else by now",
        KeptCause::Retired => "it stays updated: it has been retired",
        KeptCause::Canceled => "it stays updated: the way back was canceled first",
    }
}
