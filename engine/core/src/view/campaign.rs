//! `campaigns/{campaign}/status`, with the reason of every hold in words.

use alloc::{collections::BTreeMap, format, string::String, string::ToString};

use fleetfold_schemas::{
    Name, TimeZoneName,
    approval::ApprovalStatus,
    campaign::{BasisPoints, GroupOrder, human_duration},
    device::ErrorClass,
    status::{
        CampaignState, CampaignStatus, Cause, Evidence, GroupStatus, Hold, OrderedStatus,
        PhaseState, PhaseStatus, RollbackProgress, WindowsStatus,
    },
};

use crate::{
    CampaignIx, State, Timestamp,
    approval::needed,
    calendar::clock,
    fact::{Action, FailureCause, PauseCause, RollbackCause},
    gate::confident,
    hold::hold_reason,
    judge::HoldReason,
    pace::Limit,
    state::{Approval, Campaign, GroupRun, Rollback, Status, group_order},
};

#[must_use]
pub fn campaign(state: &State, ix: CampaignIx, now: Timestamp) -> CampaignStatus {
    let row = state.campaigns.get(ix);
    let is_started = row.started_at.is_some();
    CampaignStatus {
        campaign: row.spec.id.clone(),
        version: row.version,
        status: campaign_state(&row.status),
        hold: hold_reason(state, row, now)
            .map(|reason| hold(&reason, row.spec.time_zone.as_ref(), now)),
        cause: cause(row),
        approvals: approvals(state, row),
        rollback: row.rollback.as_ref().map(|way| rollback_progress(row, way)),
        phase: is_started.then(|| row.phase().name.clone()),
        devices: row.totals().devices.into(),
        exposed: row.exposed.into(),
        totals: row.totals().public(),
        groups: groups(row),
        phases: phases(row),
        evidence: evidence(row),
        comparison: super::comparison::comparison(row),
        ordered: row.ordered.as_ref().map(|ordered| OrderedStatus {
            device: state.devices.get(ordered.device).id(),
            operator: ordered.operator.clone(),
            reason: ordered.reason.clone(),
        }),
        health: super::health::health(row),
        windows: windows(row, now),
        errors: errors(row),
        waiting: (row.waits.iter())
            .map(|(what, count)| (what.as_str().to_string(), count.into()))
            .collect(),
        created_ms: row.created_at,
        started_ms: row.started_at,
        ended_ms: row.ended_at,
        position: state.position,
        authors: row.authors.clone(),
        spec: row.spec.clone(),
    }
}

#[must_use]
pub const fn campaign_state(status: &Status) -> CampaignState {
    match status {
        Status::Draft => CampaignState::Draft,
        Status::Staged { .. } => CampaignState::Staged,
        Status::Rolling => CampaignState::Rolling,
        Status::Paused { .. } => CampaignState::Paused,
        Status::Monitoring => CampaignState::Monitoring,
        Status::Completed => CampaignState::Completed,
        Status::Canceled { .. } => CampaignState::Canceled,
        Status::Failed { .. } => CampaignState::Failed,
        Status::RollingBack => CampaignState::RollingBack,
        Status::RollbackPaused { .. } => CampaignState::Paused,
        Status::RolledBack => CampaignState::RolledBack,
    }
}

/// A hold in words, with times by the clock of a time zone.
#[must_use]
pub fn hold(reason: &HoldReason, zone: Option<&TimeZoneName>, now: Timestamp) -> Hold {
    let (kind, text, until_ms) = match *reason {
        HoldReason::Scheduled { start } => (
            "scheduled",
            format!("starts at {}", clock(start, zone)),
            Some(start),
        ),
        HoldReason::Finishing { open } => (
            "finishing",
            format!("its schedule is over, {} still under way", devices(open)),
            None,
        ),
        HoldReason::Frozen { until, ref reason } => (
            "frozen",
            match reason {
                Some(reason) => format!("frozen until {}: {reason}", clock(until, zone)),
                None => format!("frozen until {}", clock(until, zone)),
            },
            Some(until),
        ),
        HoldReason::Window { waiting, opens } => (
            "window",
            match opens {
                Some(at) => {
                    format!(
                        "window opens {}, {} waiting",
                        clock(at, zone),
                        devices(waiting)
                    )
                }
                None => format!("the windows of {} never open", devices(waiting)),
            },
            opens,
        ),
        HoldReason::Draft => ("draft", "not started".to_string(), None),
        HoldReason::Approval {
            action,
            given,
            needed,
            until,
        } => (
            "approval",
            format!("{action} waits for approval: {given} of {needed}"),
            Some(until),
        ),
        HoldReason::BuildingDeltas { until } => (
            "building_deltas",
            "deltas are being built".to_string(),
            Some(until),
        ),
        HoldReason::StorageLow => (
            "storage_low",
            "nothing new starts while there is hardly room for the log".to_string(),
            None,
        ),
        HoldReason::Offering { waiting } => (
            "offering",
            format!("{} still to be offered the update", devices(waiting)),
            None,
        ),
        HoldReason::Limited(limit) => limited(limit),
        HoldReason::Acceptances { accepted, needed } => (
            "acceptances",
            format!("acceptances {accepted} of {needed} needed to judge by"),
            None,
        ),
        HoldReason::Outcomes { resolved, needed } => (
            "outcomes",
            format!("outcomes {resolved} of {needed} needed"),
            None,
        ),
        HoldReason::Successes { updated, needed } => (
            "successes",
            format!("successes {updated} of {needed} needed"),
            None,
        ),
        HoldReason::Undecided {
            failed,
            succeeded,
            bad,
        } => (
            "undecided",
            format!(
                "{failed} of {} first attempts failed: whether the failure rate is {bad} is not decided",
                failed + succeeded
            ),
            None,
        ),
        HoldReason::Unproven {
            failed,
            succeeded,
            rate,
        } => (
            "unproven",
            format!(
                "{failed} of {} first attempts failed: a failure rate below {rate} is not proven",
                failed + succeeded
            ),
            None,
        ),
        HoldReason::HealthUnknown {
            measure,
            devices,
            needed,
        } => (
            "health",
            format!(
                "{} of {devices} devices known, {needed} needed",
                measure.as_str()
            ),
            None,
        ),
        HoldReason::HealthOpen {
            measure,
            devices: count,
        } => (
            "health",
            format!(
                "that {} is bearable is not shown by {}",
                measure.as_str(),
                devices(count)
            ),
            None,
        ),
        HoldReason::Soaking { until } => (
            "soaking",
            format!(
                "soaking for {} more",
                human_duration(until.saturating_sub(now))
            ),
            Some(until),
        ),
        HoldReason::Unresolved { unresolved } => (
            "unresolved",
            format!("{} without an outcome", devices(unresolved)),
            None,
        ),
        HoldReason::Returning {
            to_go,
            out_of_reach,
        } => {
            let text = format!("{} still to go back", devices(to_go));
            let text = match out_of_reach {
                0 => text,
                count => format!("{text}, {count} of them busy or out of reach"),
            };
            ("returning", text, None)
        }
        HoldReason::Paused => (
            "paused",
            "paused until an operator resumes or cancels".to_string(),
            None,
        ),
    };
    Hold {
        kind: kind.to_string(),
        text,
        until_ms,
    }
}

fn limited(limit: Limit) -> (&'static str, String, Option<Timestamp>) {
    match limit {
        Limit::Rate { per_minute, until } => (
            "rate",
            format!("{per_minute} have started in the last minute, as many as the rate allows"),
            Some(until),
        ),
        Limit::InFlight { open, max } => (
            "in_flight",
            format!(
                "{} under way, at most {max} are allowed",
                devices(open.into())
            ),
            None,
        ),
        Limit::Exposure { exposed, max } => (
            "exposure",
            format!(
                "{} under way or out of sight, at most {max} are allowed",
                devices(exposed.into())
            ),
            None,
        ),
    }
}

pub(super) fn devices(count: u64) -> String {
    let noun = if count == 1 { "device" } else { "devices" };
    format!("{count} {noun}")
}

pub(super) fn cause(row: &Campaign) -> Option<Cause> {
    let (kind, text) = match &row.status {
        Status::Paused { cause } | Status::RollbackPaused { cause } => pause_cause(row, cause),
        Status::RollingBack | Status::RolledBack => {
            let way = row.rollback.as_ref()?;
            ("rollback", rollback_cause(&way.cause))
        }
        Status::Canceled {
            operator: Some(operator),
            reason,
        } => (
            "canceled",
            by_operator("canceled", operator.as_str(), reason.as_deref()),
        ),
        Status::Canceled { operator: None, .. } => (
            "canceled",
            "canceled at the end of its schedule".to_string(),
        ),
        Status::Failed {
            cause: FailureCause::ScheduleEnded { phase },
        } => (
            "schedule_ended",
            format!(
                "phase {} was not through at the end of the schedule",
                phase_name(row, *phase)
            ),
        ),
        Status::Failed {
            cause: FailureCause::Deadline { phase },
        } => (
            "deadline",
            format!(
                "phase {} was not through after {}",
                phase_name(row, *phase),
                human_duration(row.spec.max_rollout_days.ms())
            ),
        ),
        _ => return None,
    };
    Some(Cause {
        kind: kind.to_string(),
        text,
    })
}

fn pause_cause(row: &Campaign, cause: &PauseCause) -> (&'static str, String) {
    let percent = |basis_points: u16| BasisPoints::new(basis_points).unwrap_or(BasisPoints::ALL);
    match cause {
        PauseCause::ScheduleEnded => (
            "schedule_ended",
            "paused at the end of its schedule".to_string(),
        ),
        PauseCause::Operator { operator, reason } => (
            "operator",
            by_operator("paused", operator.as_str(), reason.as_deref()),
        ),
        PauseCause::FailureThreshold {
            failed,
            resolved,
            limit_bp,
        } => (
            "failure_threshold",
            format!(
                "{failed} of {resolved} outcomes failed, more than {}",
                percent(*limit_bp)
            ),
        ),
        PauseCause::FailureEvidence {
            failed,
            succeeded,
            expected_bp,
            false_pause_bp,
        } => (
            "failure_evidence",
            format!(
                "{failed} of {} first attempts failed: more than the normal {} with confidence {}",
                failed + succeeded,
                percent(*expected_bp),
                percent(10_000 - false_pause_bp)
            ),
        ),
        PauseCause::BadRate {
            failed,
            succeeded,
            expected_bp,
            bad_bp,
            false_pause_bp,
        } => (
            "bad_rate",
            format!(
                "{failed} of {} first attempts failed: {} rather than the normal {} with confidence {}",
                failed + succeeded,
                percent(*bad_bp),
                percent(*expected_bp),
                percent(10_000 - false_pause_bp)
            ),
        ),
        PauseCause::StratumEvidence {
            stratum,
            failed,
            succeeded,
            expected_bp,
            false_pause_bp,
        } => (
            "stratum_evidence",
            format!(
                "{failed} of {} first attempts failed where {} is {}: more than the normal {} with confidence {}",
                failed + succeeded,
                row.spec
                    .gates
                    .strata
                    .as_ref()
                    .map_or_else(String::new, ToString::to_string),
                if stratum.is_empty() {
                    "anything else"
                } else {
                    stratum
                },
                percent(*expected_bp),
                percent(10_000 - false_pause_bp)
            ),
        ),
        PauseCause::Health {
            measure,
            past,
            others,
            margin,
            devices,
            pairs,
            ..
        } => (
            "health",
            super::health::cause(*measure, (*past, *devices), (*others, *pairs), *margin),
        ),
        PauseCause::RollbackFailing {
            failed,
            resolved,
            limit_bp,
        } => (
            "rollback_failing",
            format!(
                "{failed} of {resolved} devices could not go back, more than {}",
                percent(*limit_bp)
            ),
        ),
        PauseCause::SuccessUnreachable {
            lost,
            devices,
            threshold_bp,
        } => (
            "success_unreachable",
            format!(
                "lost {lost} of {devices} devices up to phase {}; {} success can no longer be reached",
                row.phase().name,
                percent(*threshold_bp)
            ),
        ),
    }
}

fn rollback_cause(cause: &RollbackCause) -> String {
    match cause {
        RollbackCause::Operator { operator, reason } => {
            let reason = reason.as_str().replace('_', " ");
            by_operator("rolled back", operator.as_str(), Some(&reason))
        }
        RollbackCause::FailureThreshold {
            failed,
            resolved,
            limit_bp,
        } => format!(
            "{failed} of {resolved} outcomes failed, more than {}",
            BasisPoints::new(*limit_bp).unwrap_or(BasisPoints::ALL)
        ),
    }
}

fn approvals(state: &State, row: &Campaign) -> alloc::vec::Vec<ApprovalStatus> {
    let told = |asked: &Approval| {
        let needed = needed(&state.approval_policy, &asked.action);
        let what = match &asked.action {
            Action::Start => "start".to_string(),
            Action::Advance { phase } => format!("advance past {}", phase_name(row, *phase)),
            Action::Expedite { device } => format!("expedite {device}"),
            Action::Resume => "resume".to_string(),
            Action::Rollback { reason, phases_bp } => {
                let reason = reason.as_str().replace('_', " ");
                let how = if phases_bp.is_empty() {
                    "all at once"
                } else {
                    "in phases"
                };
                format!("roll back {how} ({reason})")
            }
            Action::Promote { arm } => format!("promote arm {arm:?}"),
        };
        let (given, by) = (asked.given.len(), &asked.by);
        ApprovalStatus {
            request: asked.request,
            action: asked.action.name().to_string(),
            text: format!("{what}, asked for by {by}: {given} of {needed} approvals"),
            by: by.clone(),
            reason: asked.reason.clone(),
            digest: asked.digest,
            needed,
            given: asked.given.clone(),
            asked_ms: asked.asked_at,
            expires_ms: asked.expires_at,
        }
    };
    row.approvals.iter().map(told).collect()
}

fn rollback_progress(row: &Campaign, way: &Rollback) -> RollbackProgress {
    let tally = row.totals();
    let to_go = match row.status {
        // Only those that are at it; nobody else is sent any more.
        Status::Canceled { .. } => tally.returning,
        _ => row.to_go_back(&tally),
    };
    let ended = tally.return_failed + to_go;
    RollbackProgress {
        cause: rollback_cause(&way.cause),
        started_ms: way.started_at,
        percentage: way.percentage(),
        returned: tally.returned.into(),
        failed: tally.return_failed.into(),
        kept: match row.status {
            Status::Canceled { .. } => (tally.updated - ended).into(),
            _ => tally.kept.into(),
        },
        to_go: to_go.into(),
    }
}

fn by_operator(what: &str, operator: &str, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{what} by {operator}: {reason}"),
        None => format!("{what} by {operator}"),
    }
}

fn phases(row: &Campaign) -> alloc::vec::Vec<PhaseStatus> {
    let is_sequential = row.spec.group_order == GroupOrder::Sequential;
    row.runs
        .iter()
        .map(|run| {
            let spec = &row.spec.phases[usize::from(run.phase)];
            let tally = row
                .roster
                .sum(|group, phase| (group.track, phase) == (run.track, run.phase));
            let orders = group_order(&row.spec).find(|(_, track)| *track == run.track);
            let order = orders.map(|(at, _)| row.spec.groups[usize::from(at)].rollout_order);
            PhaseStatus {
                name: spec.name.clone(),
                rollout_order: order.filter(|_| is_sequential),
                state: match (run.started_at, run.passed_at) {
                    (None, _) => PhaseState::Pending,
                    (Some(_), Some(_)) => PhaseState::Passed,
                    (Some(_), None) if tally.unresolved == 0 => PhaseState::Soaking,
                    (Some(_), None) => PhaseState::Running,
                },
                percentage: spec.percentage,
                devices: tally.devices.into(),
                tally: tally.public(),
                started_ms: run.started_at,
            }
        })
        .collect()
}

fn phase_name(row: &Campaign, run: u32) -> &Name {
    let phase = row.runs[run as usize].phase;
    &row.spec.phases[usize::from(phase)].name
}

/// In the order in which they are offered the update.
fn groups(row: &Campaign) -> alloc::vec::Vec<GroupStatus> {
    (0u16..)
        .zip(group_order(&row.spec))
        .map(|(at, (spec, _))| {
            let own = |group: &GroupRun, _| group.spec == spec;
            let tally = row.roster.sum(own);
            GroupStatus {
                name: row.spec.groups[usize::from(spec)].name.clone(),
                devices: row.roster.size(at).into(),
                tally: tally.public(),
            }
        })
        .collect()
}

fn evidence(row: &Campaign) -> Evidence {
    let fresh = row.fresh_evidence();
    let (p0, alpha) = (
        row.spec.expected_failure.as_ratio(),
        row.spec.false_pause.as_ratio(),
    );
    let (rate_low, rate_high) = confident::interval(fresh.failed, fresh.succeeded, alpha);
    Evidence {
        succeeded: fresh.succeeded,
        failed: fresh.failed,
        // JSON has no infinity.
        e_value: confident::e_value(fresh.failed, fresh.succeeded, p0).min(f64::MAX),
        limit: 1.0 / alpha,
        rate_low,
        rate_high,
    }
}

fn windows(row: &Campaign, now: Timestamp) -> Option<WindowsStatus> {
    if row.spec.maintenance_windows.is_empty() || row.started_at.is_none() {
        return None;
    }
    let census = row.window_census(now);
    Some(WindowsStatus {
        waiting: census.waiting.into(),
        open: census.open.into(),
        opens_ms: census.opens,
    })
}

fn errors(row: &Campaign) -> BTreeMap<String, u64> {
    ErrorClass::ALL
        .iter()
        .zip(row.errors)
        .filter(|(_, count)| *count > 0)
        .map(|(class, count)| (class.as_str().to_string(), count.into()))
        .collect()
}
