//! Facts and views as an operator would tell them.

use std::collections::BTreeMap;

use fleetfold_core::{
    Answer, DeviceIx, Fact, State, Timestamp,
    calendar::{self, Window},
    fact::{
        DeferralCause, ExecutionHeld, KeptCause, RemovalCause, ReturnDeferral, TicketClosure,
        Trouble,
    },
    view,
};
use fleetfold_schemas::{
    AlertId,
    campaign::human_duration,
    command::Outcome,
    job::{Conditions, Job, JobKind, Offer},
    operator::Tenants,
    status::{AlertName, CampaignState, CampaignStatus, Degraded, HealthStatus, Tally},
};

/// More devices than this are counted, not named.
const NAMED_MAX: usize = 12;

/// What a fact says: of a campaign, or of one device of many.
enum Saying {
    Nothing,
    Of(String),
    OfDevice(String, DeviceIx),
}

/// Facts in words. Between two facts of whole campaigns, devices that share a saying share a line.
pub fn facts(state: &State, now: Timestamp, facts: &[Fact]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut group: Vec<(String, Vec<DeviceIx>)> = Vec::new();
    for fact in facts {
        match saying(state, now, fact) {
            Saying::Nothing => {}
            Saying::OfDevice(text, device) => {
                match group.iter_mut().find(|(other, _)| *other == text) {
                    Some((_, devices)) => devices.push(device),
                    None => group.push((text, vec![device])),
                }
            }
            Saying::Of(text) => {
                lines.extend(group.drain(..).map(|group| device_line(state, &group)));
                lines.push(text);
            }
        }
    }
    lines.extend(group.drain(..).map(|group| device_line(state, &group)));
    lines
}

fn device_line(state: &State, (text, devices): &(String, Vec<DeviceIx>)) -> String {
    if devices.len() > NAMED_MAX {
        return format!("{text}: {} devices", devices.len());
    }
    let mut devices = devices.clone();
    devices.sort_unstable();
    let names: Vec<_> = devices
        .iter()
        .map(|ix| state.devices.get(*ix).name())
        .collect();
    format!("{text}: {}", names.join(" "))
}

fn saying(state: &State, now: Timestamp, fact: &Fact) -> Saying {
    let name = || {
        let ix = fact.campaign().expect("only asked of campaign facts");
        state.campaigns.get(ix).id()
    };
    let phase = |phase: u32| {
        let ix = fact.campaign().expect("only asked of campaign facts");
        let row = state.campaigns.get(ix);
        &row.spec.phases[usize::from(row.runs[phase as usize].phase)].name
    };
    match fact {
        Fact::SiteOpened(_)
        | Fact::KeyTrusted(_)
        | Fact::CommandAccepted(_)
        | Fact::CommandRefused(_)
        | Fact::DeviceGreeted(_)
        | Fact::DeviceReported(_) => Saying::Nothing,
        Fact::OperatorAdded(fact) => Saying::Of(format!(
            "{} added as {}{}",
            fact.operator,
            fact.role.as_str(),
            scope(&fact.tenants)
        )),
        Fact::OperatorChanged(fact) => Saying::Of(format!(
            "{} is {}{} now",
            fact.operator,
            fact.role.as_str(),
            scope(&fact.tenants)
        )),
        Fact::OperatorPasswordSet(fact) => {
            Saying::Of(format!("{} has a new password", fact.operator))
        }
        Fact::OperatorRevoked(fact) => Saying::Of(format!("{} revoked", fact.operator)),
        Fact::StorageLow(_) => Saying::Of("hardly room left for the log".into()),
        Fact::CampaignDefaultsSet(_) => Saying::Of("campaign defaults set".into()),
        Fact::StorageRecovered(_) => Saying::Of("room again for the log".into()),
        Fact::DeviceAssigned(fact) => {
            Saying::OfDevice(format!("given to {}", fact.tenant), fact.device)
        }
        Fact::DeviceFlagged(fact) => {
            let text = format!("flagged, {} executions failed in a row", fact.failed);
            Saying::OfDevice(text, fact.device)
        }
        Fact::DeviceUnflagged(fact) => Saying::OfDevice("flagged no more".into(), fact.device),
        Fact::DeviceRegistered(fact) => Saying::OfDevice("registered".into(), fact.device),
        Fact::LifecycleChanged(fact) => {
            Saying::OfDevice(format!("{:?}", fact.lifecycle).to_lowercase(), fact.device)
        }
        Fact::ReleasePublished(fact) => Saying::Of(format!(
            "release {} of {} published",
            fact.version, fact.model
        )),
        Fact::DeltaRequested(fact) => delta(state, "is to be built", fact.release, fact.from),
        Fact::DeltaAdded(fact) => delta(state, "is ready", fact.release, fact.from),
        Fact::DeltaUnavailable(fact) => delta(state, "is not to be had", fact.release, fact.from),
        Fact::CampaignCreated(_) => Saying::Of(format!("campaign {} created", name())),
        Fact::CampaignStaged(_) => Saying::Of(format!("{} staged", name())),
        Fact::CampaignStarted(fact) => {
            let noun = if fact.devices == 1 {
                "device"
            } else {
                "devices"
            };
            Saying::Of(format!("{} started with {} {noun}", name(), fact.devices))
        }
        Fact::PhaseStarted(fact) => Saying::Of(format!(
            "phase {} started, up to device {}",
            phase(fact.phase),
            fact.cut
        )),
        Fact::PhasePassed(fact) => Saying::Of(format!("phase {} passed", phase(fact.phase))),
        Fact::CampaignPaused(_) => Saying::Of(format!("{} paused", name())),
        Fact::CampaignResumed(_) => Saying::Of(format!("{} resumed", name())),
        Fact::CampaignCanceled(_) => Saying::Of(format!("{} canceled", name())),
        Fact::CampaignFrozen(_) => Saying::Of(format!("{} frozen", name())),
        Fact::CampaignThawed(_) => Saying::Of(format!("{} thawed", name())),
        Fact::ScheduleEnded(_) => Saying::Of(format!("the schedule of {} ended", name())),
        Fact::CampaignMonitoring(_) => Saying::Of(format!("{} monitoring", name())),
        Fact::CampaignCompleted(_) => Saying::Of(format!("{} completed", name())),
        Fact::CampaignFailed(_) => Saying::Of(format!("{} failed", name())),
        Fact::ArmsCompared(fact) => Saying::Of(format!(
            "{} compared: {:?}, {} of {} in arm A, {} of {} in arm B",
            name(),
            fact.verdict,
            fact.succeeded_a,
            fact.outcomes_a,
            fact.succeeded_b,
            fact.outcomes_b
        )),
        Fact::GatePromoted(_) => Saying::Of(format!("{} promoted by its evidence", name())),
        Fact::CampaignEdited(_) => Saying::Of(format!("{} edited", name())),
        Fact::PhaseAdvanced(fact) => Saying::Of(format!("phase {} advanced", phase(fact.phase))),
        Fact::CampaignArchived(_) => Saying::Of(format!("{} archived", name())),
        Fact::RetriesOrdered(fact) => Saying::Of(match fact.only {
            Some(device) => format!("{} is to be retried", state.devices.get(device).name()),
            None => format!("all failed of {} are to be retried", name()),
        }),
        Fact::RollbackAdded(fact) => {
            let (from, to) = (
                state.releases.get(fact.release),
                state.releases.get(fact.to),
            );
            Saying::Of(format!("way back from {} to {}", from.version, to.version))
        }
        Fact::RollbackStarted(_) => Saying::Of(format!("{} goes back", name())),
        Fact::RollbackAdvanced(fact) => {
            let row = state.campaigns.get(fact.campaign);
            let phases = row.rollback.as_ref().map(|rollback| &rollback.phases);
            let share = phases.and_then(|phases| phases.get(fact.phase as usize));
            let share = share.expect("a way back has its phases");
            Saying::Of(format!("{share} may go back"))
        }
        Fact::CampaignRolledBack(_) => Saying::Of(format!("{} rolled back", name())),
        Fact::AlertRaised(fact) => {
            let id = alert_id(state, fact.campaign, fact.trouble.name());
            Saying::Of(format!("alert {id}: {}", words_of(&fact.trouble)))
        }
        Fact::AlertCleared(fact) => {
            let id = alert_id(state, fact.campaign, fact.alert);
            Saying::Of(format!("alert {id} is over"))
        }
        Fact::TicketOpened(fact) => match fact.device {
            Some(device) => Saying::OfDevice("ticket opened".into(), device),
            None => Saying::Of(format!("ticket opened: further devices of {}", name())),
        },
        Fact::TicketClosed(fact) => {
            let by = match &fact.closure {
                TicketClosure::Operator { operator, .. } => format!("by {operator}"),
                TicketClosure::Success => "by its success".into(),
            };
            match fact.device {
                Some(device) => Saying::OfDevice(format!("ticket closed {by}"), device),
                None => Saying::Of(format!("ticket closed {by}: further devices of {}", name())),
            }
        }
        _ => approval(state, now, fact).unwrap_or_else(|| execution(state, now, fact)),
    }
}

fn alert_id(state: &State, campaign: Option<u32>, alert: AlertName) -> AlertId {
    alert.id(campaign.map(|ix| state.campaigns.get(ix).id()))
}

fn words_of(trouble: &Trouble) -> String {
    match trouble {
        Trouble::FailureRate {
            failed, outcomes, ..
        } => format!("{failed} of {outcomes} outcomes failed"),
        Trouble::Timeouts { devices, limit_ms } => {
            format!(
                "{devices} without an outcome for {}",
                human_duration(*limit_ms)
            )
        }
        Trouble::DevicesOffline { devices, known, .. } => {
            format!("{devices} of {known} fallen silent")
        }
        Trouble::PerformanceDegradation {
            measure, devices, ..
        } => format!("{} worse on {devices} devices", measure.as_str()),
        Trouble::Stalled {
            limit_ms, waiting, ..
        } => format!(
            "nothing for {}, {waiting} waited for",
            human_duration(*limit_ms)
        ),
        Trouble::WindowNeverOpens { devices } => format!("{devices} wait in vain"),
        Trouble::Paused { exposed } => format!("paused by itself, {exposed} exposed"),
    }
}

/// What topics of alerts and tickets hold.
pub fn troubles(state: &State) -> Vec<String> {
    let alerts = view::alerts(state).into_iter().map(|(campaign, alert)| {
        let shown = view::alert(state, campaign, alert).expect("it is raised");
        format!("{}: {}", alert_id(state, campaign, alert), shown.text)
    });
    let tickets = state.tickets.iter().map(|(number, _)| {
        let shown = view::ticket(state, number).expect("it is open");
        format!("ticket: {}", shown.text)
    });
    alerts.chain(tickets).collect()
}

fn approval(state: &State, now: Timestamp, fact: &Fact) -> Option<Saying> {
    let name = || {
        let ix = fact.campaign().expect("only asked of campaign facts");
        state.campaigns.get(ix).id()
    };
    let text = match fact {
        Fact::ApprovalPolicySet(_) => "approval policy set".into(),
        Fact::ApprovalRequested(fact) => format!(
            "{} asks for {} of {}, for {}",
            fact.by,
            fact.action.name(),
            name(),
            human_duration(fact.expires_at - now)
        ),
        Fact::ApprovalGiven(fact) => format!("{} approves", fact.by),
        Fact::ApprovalGranted(_) => "approved".into(),
        Fact::ApprovalDeclined(fact) => format!("{} declines", fact.by),
        Fact::ApprovalVoided(fact) => {
            let cause = format!("{:?}", fact.cause).to_lowercase();
            format!("request {} of {} is void, {cause}", fact.request, name())
        }
        Fact::ApprovalLost(fact) => format!("the approval by {} is lost", fact.by),
        _ => return None,
    };
    Some(Saying::Of(text))
}

fn scope(tenants: &Tenants) -> String {
    match tenants {
        Tenants::All => String::new(),
        Tenants::Only(_) => format!(" of {tenants}"),
    }
}

fn delta(state: &State, what: &str, release: u32, from: u32) -> Saying {
    let (to, from) = (state.releases.get(release), state.releases.get(from));
    Saying::Of(format!(
        "delta from {} to {} {what}",
        from.version, to.version
    ))
}

fn execution(state: &State, now: Timestamp, fact: &Fact) -> Saying {
    let (Some(campaign), Some(device)) = (fact.campaign(), fact.device()) else {
        unreachable!("all others have been told")
    };
    let retry = |at: Option<u64>| match at {
        Some(at) => format!("retry in {}", human_duration(at - now)),
        None => "no attempt left".into(),
    };
    let text = match fact {
        Fact::ExecutionQueued(fact) => {
            let mut text = String::from("queued");
            if fact.attempt > 1 {
                text += &format!(", attempt {}", fact.attempt);
            }
            if let Some(via) = fact.via {
                text += &format!(", by way of {}", state.releases.get(via).version);
            }
            if let Some(window) = fact.window {
                text += &format!(" for {}", span(window));
            }
            text
        }
        Fact::HopReached(fact) => {
            let version = &state.releases.get(fact.release).version;
            format!("passed through {version}")
        }
        Fact::ExecutionAccepted(_) => "accepted".into(),
        Fact::ExecutionSucceeded(fact) if fact.already => "ran it already".into(),
        Fact::ExecutionSucceeded(_) => "succeeded".into(),
        Fact::ExecutionFailed(fact) => {
            let restored = if fact.restored { " and went back" } else { "" };
            format!(
                "failed {}{restored}, {}",
                fact.error.class,
                retry(fact.retry_at)
            )
        }
        Fact::ExecutionRejected(fact) => match fact.retry_at {
            Some(_) => format!("rejected ({}), {}", fact.error.code, retry(fact.retry_at)),
            None => format!("rejected ({})", fact.error.code),
        },
        Fact::ExecutionTimedOut(fact) => format!("timed out, {}", retry(fact.retry_at)),
        Fact::ExecutionRemoved(fact) => match fact.cause {
            RemovalCause::NotContacted => "removed, not contacted".into(),
            RemovalCause::Retired => "removed, retired".into(),
            RemovalCause::Superseded => "removed, runs a newer release".into(),
            RemovalCause::PreconditionUnmet => "removed, waited too long".into(),
            RemovalCause::ConsentDenied => "removed, its user did not agree".into(),
            RemovalCause::ConditionsUnsupported => "removed, knows no conditions".into(),
            RemovalCause::Flagged => "removed, flagged".into(),
            RemovalCause::NoPath => "removed, no way to the release".into(),
            RemovalCause::Hardware => "removed, other hardware".into(),
            RemovalCause::ScheduleEnded => "removed, the schedule ended".into(),
        },
        Fact::ExecutionHeld(fact) => held(fact, now),
        Fact::ExecutionContinued(_) => "goes on".into(),
        Fact::ExecutionCanceled(_) => "canceled".into(),
        Fact::ExecutionRetracted(_) => "success retracted".into(),
        Fact::ExecutionDeferred(fact) if fact.cause == DeferralCause::CalledBack => {
            "called back".into()
        }
        Fact::ExecutionDeferred(fact) => match fact.window {
            Some(window) => format!("deferred to {}", span(window)),
            None => format!("deferred, {:?}", fact.cause).to_lowercase(),
        },
        Fact::WindowRenewed(fact) => format!("another window, {}", span(fact.window)),
        Fact::ExecutionExpedited(_) => "expedited".into(),
        Fact::DeviceExcluded(_) => "excluded".into(),
        Fact::MemberJoined(fact) => {
            let row = state.campaigns.get(campaign);
            let group = row.roster.groups()[usize::from(fact.group)].spec;
            let group = &row.spec.groups[usize::from(group)].name;
            let phase = row.spec.phases.get(usize::from(fact.phase));
            let phase = phase.map_or("no phase", |phase| phase.name.as_str());
            format!("joined {group}, {phase}")
        }
        _ => going_back(state, fact, retry),
    };
    // With several campaigns under way it must be said whose execution it is.
    if state.campaigns.len() > 1 {
        let name = state.campaigns.get(campaign).id();
        return Saying::OfDevice(format!("{name}: {text}"), device);
    }
    Saying::OfDevice(text, device)
}

fn held(fact: &ExecutionHeld, now: Timestamp) -> String {
    let mut text = format!("waits for {}", fact.waiting_for);
    if let Some(until_ms) = fact.until_ms {
        text += &format!(", {}", human_duration(until_ms.saturating_sub(now)));
    }
    if fact.postponed > 0 {
        text += &format!(", postponed {}", fact.postponed);
    }
    text
}

/// A window by the clock of UTC: `03-29 01:00 to 04:00`.
fn span(window: Window) -> String {
    let Some(from) = window.opens() else {
        return "never".into();
    };
    let clock = |at| calendar::clock(at, None);
    let (from, until) = (clock(from), clock(window.until));
    let until = match until.strip_prefix(&from[.."2026-03-29 ".len()]) {
        Some(time) => time,
        None => &until["2026-".len()..],
    };
    let end = |text: &str| text.trim_end_matches(" UTC").to_string();
    format!("{} to {}", &end(&from)["2026-".len()..], end(until))
}

fn going_back(state: &State, fact: &Fact, retry: impl Fn(Option<u64>) -> String) -> String {
    let version = |release| &state.releases.get(release).version;
    match fact {
        Fact::ReturnQueued(fact) if fact.attempt == 1 => {
            format!("queued to go back to {}", version(fact.to))
        }
        Fact::ReturnQueued(fact) => {
            let to = version(fact.to);
            format!("queued to go back to {to}, attempt {}", fact.attempt)
        }
        Fact::ReturnAccepted(_) => "accepted to go back".into(),
        Fact::Returned(fact) if fact.already => "was back already".into(),
        Fact::Returned(_) => "went back".into(),
        Fact::ReturnFailed(fact) => {
            let class = fact.error.class;
            format!("could not go back, {class}, {}", retry(fact.retry_at))
        }
        Fact::ReturnSkipped(fact) => {
            let cause = match fact.cause {
                KeptCause::NoRollbackImage => "no way back was signed",
                KeptCause::NotContacted => "not contacted",
                KeptCause::RunsAnother => "runs another image",
                KeptCause::Retired => "retired",
                KeptCause::Canceled => "canceled",
            };
            format!("kept, {cause}")
        }
        Fact::ReturnDeferred(fact) => {
            let cause = match fact.cause {
                ReturnDeferral::Busy => "busy",
                ReturnDeferral::Maintenance => "maintenance",
                ReturnDeferral::MadeWay => "made way",
                ReturnDeferral::NotContacted => "not contacted",
            };
            format!("goes back later, {cause}")
        }
        _ => unreachable!("all others have been told"),
    }
}

/// What the sender of a message learns, unless all is well.
pub fn answer(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Accepted | Answer::Told(_) => None,
        Answer::Duplicate => Some("known already".into()),
        Answer::Rejected(rejection) => Some(format!("refused, {rejection}")),
    }
}

/// What an operator is told. A repeated command gets the first one's outcome.
pub fn reply(answer: &Answer, outcome: &Outcome) -> Option<String> {
    let (is_accepted, told) = match outcome {
        Outcome::Accepted { result, .. } => {
            let told = result
                .as_ref()
                .map_or("accepted".into(), ToString::to_string);
            (true, told)
        }
        Outcome::Rejected { code, message } => (false, format!("refused, {code}: {message}")),
    };
    match answer {
        Answer::Told(_) => {
            assert!(is_accepted, "the reply is the answer");
            Some(format!("told {told}"))
        }
        Answer::Duplicate => Some(format!("answered before: {told}")),
        Answer::Accepted | Answer::Rejected(_) => {
            assert_eq!(
                is_accepted,
                *answer == Answer::Accepted,
                "the reply is the answer"
            );
            (!is_accepted).then_some(told)
        }
    }
}

/// `spring rolling, canary: successes 9 of 10 needed | 9 updated, 1 failed, 90 not contacted`
pub fn headline(status: &CampaignStatus) -> String {
    let mut text = format!("{} {}", status.campaign, status.status.as_str());
    if let Some(phase) = &status.phase {
        text += &format!(", {phase}");
    }
    let why = match (&status.cause, &status.hold) {
        (Some(cause), Some(hold)) if status.status == CampaignState::RollingBack => {
            Some(format!("{}; {}", cause.text, hold.text))
        }
        (Some(cause), _) => Some(cause.text.clone()),
        (None, hold) => hold.as_ref().map(|hold| hold.text.clone()),
    };
    if let Some(why) = why {
        text += &format!(": {why}");
    }
    if status.started_ms.is_some() {
        text += &format!(" | {}", tally(&status.totals));
    }
    text
}

pub(super) fn tally(tally: &Tally) -> String {
    let rolled_back = match tally.rolled_back {
        0 => String::new(),
        count => format!(" ({count} rolled back)"),
    };
    let parts = [
        (tally.updated, "updated", ""),
        (tally.failed, "failed", rolled_back.as_str()),
        (tally.in_progress, "in progress", ""),
        (tally.not_contacted, "not contacted", ""),
        (tally.removed, "removed", ""),
        (tally.returned, "sent back", ""),
    ];
    let parts: Vec<_> = parts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, what, more)| format!("{count} {what}{more}"))
        .collect();
    if parts.is_empty() {
        "no devices".into()
    } else {
        parts.join(", ")
    }
}

/// Everything a campaign's status says, one line a matter.
pub fn status(status: &CampaignStatus) -> Vec<String> {
    let mut lines = vec![headline(status)];
    lines.push(format!(
        "version {}, {} devices, {} exposed",
        status.version, status.devices, status.exposed
    ));
    if status.groups.len() > 1 {
        lines.extend(status.groups.iter().map(|group| {
            let (name, devices) = (&group.name, group.devices);
            format!("group {name}: {devices} devices | {}", tally(&group.tally))
        }));
    }
    lines.extend(status.phases.iter().map(|phase| {
        let state = format!("{:?}", phase.state).to_lowercase();
        let order =
            (phase.rollout_order).map_or(String::new(), |order| format!(" of order {order}"));
        format!(
            "{}{order} {}: {state} | {}",
            phase.name,
            phase.percentage,
            tally(&phase.tally)
        )
    }));
    let evidence = &status.evidence;
    lines.push(format!(
        "evidence {:.2} of {:.0}: {} failed, {} succeeded; the failure rate is {:.1} to {:.1} %",
        evidence.e_value,
        evidence.limit,
        evidence.failed,
        evidence.succeeded,
        evidence.rate_low * 100.0,
        evidence.rate_high * 100.0,
    ));
    let authors: Vec<_> = status.authors.iter().map(|by| by.as_str()).collect();
    // Most are by ann.
    if authors != ["ann"] {
        lines.push(format!("by {}", authors.join(", ")));
    }
    lines.extend(status.approvals.iter().map(|asked| {
        let reason = asked.reason.as_ref();
        let reason = reason.map_or(String::new(), |reason| format!(" because {reason}"));
        format!("request {}: {}{reason}", asked.request, asked.text)
    }));
    if let Some(way) = &status.rollback {
        lines.push(format!(
            "way back, {}: {} back, {} failed, {} kept, {} to go",
            way.percentage, way.returned, way.failed, way.kept, way.to_go
        ));
    }
    lines.extend(status.health.iter().map(health));
    if let Some(comparison) = &status.comparison {
        lines.push(comparison.text.clone());
        lines.extend(comparison.arms.iter().map(|arm| {
            let releases: Vec<_> = arm
                .releases
                .iter()
                .map(|release| release.version.as_str())
                .collect();
            let boot = arm
                .boot_ms
                .map_or(String::new(), |ms| format!(", boots in {ms:.0} ms"));
            let drain = arm.battery_drain.map_or(String::new(), |percent| {
                format!(", drains {percent:.2} % a day")
            });
            format!(
                "arm {} {}: {} devices, {} of {} succeeded{boot}{drain}",
                arm.arm,
                releases.join(" "),
                arm.devices,
                arm.succeeded,
                arm.outcomes
            )
        }));
    }
    if !status.waiting.is_empty() {
        lines.push(format!("waiting: {}", counts(&status.waiting)));
    }
    if !status.errors.is_empty() {
        lines.push(format!("errors: {}", counts(&status.errors)));
    }
    lines
}

fn health(health: &HealthStatus) -> String {
    let (unit, verdict) = (&health.unit, format!("{:?}", health.verdict).to_lowercase());
    let worse = |than: &str, worse: Option<Degraded>| {
        worse.map_or(String::new(), |worse| {
            let Degraded { value, low, high } = worse;
            format!(", worse than {than} by {value:.2} ({low:.2} to {high:.2})")
        })
    };
    let means = health
        .before
        .zip(health.after)
        .map_or(String::new(), |(before, after)| {
            format!(", {before:.2} before and {after:.2} after")
        });
    let margin = health
        .margin
        .map_or(String::new(), |margin| format!(", bearable is {margin:.2}"));
    format!(
        "{} in {unit}: {verdict} by {} devices, {} of them beside another{means}{}{}{margin}",
        health.measure,
        health.devices,
        health.pairs,
        worse("before", health.against_past),
        worse("others", health.against_others),
    )
}

fn counts(map: &BTreeMap<String, u64>) -> String {
    let parts: Vec<_> = map
        .iter()
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    parts.join(", ")
}

/// What the world knows of a device: its status, and its job topic.
pub fn device(state: &State, ix: DeviceIx, now: Timestamp, topic: Option<&Job>) -> Vec<String> {
    let status = view::device(state, ix);
    let mut line = format!("{:?}", status.lifecycle).to_lowercase();
    if let Some(running) = &status.running {
        line += &format!(", runs {}", running.version);
    }
    if let Some(execution) = &status.execution {
        let stage = execution
            .stage
            .map(|stage| format!(" {stage:?}").to_lowercase());
        let percent = execution
            .progress_percent
            .map(|percent| format!(" {percent} %"));
        let word = format!("{:?}", execution.status);
        line += &format!(
            ", {} attempt {} {}{}{}",
            execution.campaign,
            execution.attempt,
            word,
            stage.unwrap_or_default(),
            percent.unwrap_or_default(),
        );
        if let Some(waiting) = &execution.waiting {
            line += &format!(", waits for {}", waiting.what);
        }
    }
    vec![line, format!("job topic: {}", job(state, now, topic))]
}

fn conditions_of(conditions: &Conditions) -> String {
    let mut parts = Vec::new();
    if let Some(percent) = conditions.battery_percent_min {
        parts.push(format!("battery {percent} %"));
    }
    if let Some(bytes) = conditions.free_bytes_min {
        parts.push(format!("{bytes} bytes free"));
    }
    if conditions.external_power {
        parts.push("external power".into());
    }
    if let Some(consent) = conditions.consent {
        parts.push(format!(
            "consent postponed at most {} times for {}, then {:?}",
            consent.postponements_max,
            human_duration(consent.postpone_ms_max),
            consent.at_limit,
        ));
    }
    let patience = human_duration(conditions.patience_ms);
    format!("given {} within {patience}", parts.join(" and "))
}

fn job(state: &State, now: Timestamp, topic: Option<&Job>) -> String {
    let Some(job) = topic else {
        return "empty".into();
    };
    let mut wanted = String::new();
    if let Some(at) = job.not_before_ms {
        wanted += &format!(", to begin in {}", human_duration(at - now));
    }
    if let Some(conditions) = &job.conditions {
        wanted += &format!(", {}", conditions_of(conditions));
    }
    let left = match job.expires_ms.checked_sub(now) {
        Some(left) => format!("good for {}", human_duration(left)),
        None => "expired".into(),
    };
    match &job.kind {
        JobKind::Cancel { .. } => format!("cancel, {left}"),
        JobKind::Install(installation) | JobKind::Rollback(installation) => {
            let (_, release) = state
                .releases
                .iter()
                .find(|(_, release)| release.image == installation.target)
                .expect("jobs are for releases");
            let offers: Vec<_> = installation
                .offers
                .iter()
                .map(|offer| match offer {
                    Offer::Full { .. } => "whole image",
                    Offer::Delta { .. } => "delta",
                })
                .collect();
            let window = job.install_window.map_or_else(String::new, |window| {
                let (from, until) = (window.from_ms, window.until_ms);
                format!(" within {}", span(Window { from, until }))
            });
            let verb = match job.kind {
                JobKind::Rollback(_) => "go back to",
                _ => "install",
            };
            format!(
                "{verb} {} from {}{wanted}{window}, {left}",
                release.version,
                offers.join(" or ")
            )
        }
    }
}
