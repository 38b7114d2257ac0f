//! What devices say, held against what is known of them.

use alloc::{format, vec::Vec};
use fleetfold_schemas::mutant::{Mutant, is_on};

use fleetfold_schemas::{
    DeviceId, Name,
    code::{Code, Rejection},
    command::Lifecycle,
    device::{
        CONSENT_DENIED, DeviceError, ErrorClass, Hello, INVENTORY_ITEMS_MAX, JobReport, JobState,
        PRECONDITION_UNMET, PROTOCOL, Report, Running,
    },
};

use super::{rollback::Returning, storage_low};
use crate::{
    CampaignIx, DeviceIx, Fact, ReleaseIx, State, Timestamp,
    decide::retry_at,
    fact::{
        DeferralCause, DeviceGreeted, DeviceReported, ExecutionAccepted, ExecutionCanceled,
        ExecutionContinued, ExecutionDeferred, ExecutionFailed, ExecutionHeld, ExecutionRejected,
        ExecutionRemoved, ExecutionRetracted, ExecutionSucceeded, HopReached, LifecycleChanged,
        RemovalCause,
    },
    request::{Answer, DeviceMessage},
    state::{Campaign, Device, Member, MemberState, Status, Wait},
};

/// Longest value of an inventory attribute, in bytes.
const ATTRIBUTE_BYTES_MAX: usize = 256;

pub fn accept(
    state: &State,
    now: Timestamp,
    id: &DeviceId,
    fingerprint: u32,
    message: &DeviceMessage,
    facts: &mut Vec<Fact>,
) -> Answer {
    let Some(ix) = state.devices.find(id) else {
        return rejected(Code::UnknownDevice, format!("{id} is not registered"));
    };
    let row = state.devices.get(ix);
    if row.lifecycle() == Lifecycle::Retired {
        return rejected(Code::DeviceRetired, format!("{id} has been retired"));
    }
    let number = match message {
        DeviceMessage::Hello { hello, .. } => (hello.epoch, hello.seq),
        DeviceMessage::Report(report) => (report.epoch, report.seq),
    };
    match check_number(row, number, fingerprint) {
        Numbering::New => {}
        Numbering::Seen => return Answer::Duplicate,
        Numbering::Wrong(rejection) => return Answer::Rejected(rejection),
    }
    if state.storage_low.is_some() && !has_open_work(state, row) {
        return Answer::Rejected(storage_low());
    }
    match message {
        DeviceMessage::Hello {
            hello,
            login_counter,
        } => {
            if let Err(rejection) = check_hello(row, hello, *login_counter) {
                return Answer::Rejected(rejection);
            }
            let mut greeted = greeted(ix, hello, *login_counter, fingerprint);
            // Whoever says nothing of it still belongs to it.
            greeted.tenant = greeted.tenant.or_else(|| row.tenant());
            facts.push(greeted.into());
            if row.lifecycle() == Lifecycle::Provisioned {
                let lifecycle = Lifecycle::Active;
                facts.push(
                    LifecycleChanged {
                        device: ix,
                        lifecycle,
                    }
                    .into(),
                );
            }
            follow_execution(state, now, ix, &hello.running, hello.job.as_ref(), facts);
        }
        DeviceMessage::Report(report) => {
            facts.push(reported(state, row, ix, report, fingerprint).into());
            follow_execution(state, now, ix, &report.running, report.job.as_ref(), facts);
        }
    }
    Answer::Accepted
}

fn rejected(code: Code, message: alloc::string::String) -> Answer {
    Answer::Rejected(Rejection::new(code, message))
}

fn has_open_work(state: &State, device: Device<'_>) -> bool {
    device
        .execution()
        .is_some_and(|(campaign, at)| state.campaigns.get(campaign).member(at).is_open())
}

enum Numbering {
    New,
    Seen,
    Wrong(Rejection),
}

/// One remembered number does de-duplication, reordering and replay protection: an older snapshot tells nothing new.
fn check_number(row: Device<'_>, number: (u64, u64), fingerprint: u32) -> Numbering {
    let last = row.last_number();
    if number > last || is_on(Mutant::MessagesRepeated) {
        return Numbering::New;
    }
    if number.0 < last.0 {
        return Numbering::Wrong(Rejection::new(
            Code::EpochRegressed,
            format!("boot epoch {} after {}", number.0, last.0),
        ));
    }
    if number == last && fingerprint != row.fingerprint() {
        return Numbering::Wrong(Rejection::new(
            Code::SequenceConflict,
            format!(
                "message {} of epoch {} was another one before",
                number.1, number.0
            ),
        ));
    }
    Numbering::Seen
}

fn check_hello(
    row: Device<'_>,
    hello: &Hello,
    login_counter: Option<u64>,
) -> Result<(), Rejection> {
    if hello.protocol != PROTOCOL {
        return Err(Rejection::new(
            Code::UnsupportedProtocol,
            format!("protocol {}; this engine speaks {PROTOCOL}", hello.protocol),
        ));
    }
    if hello.model != *row.model() {
        return Err(Rejection::new(
            Code::ModelMismatch,
            format!("registered as {}, says {}", row.model(), hello.model),
        ));
    }
    // A device that could choose would take part in the campaigns of others.
    if let (Some(said), Some(tenant)) = (&hello.tenant, row.tenant())
        && *said != tenant
    {
        return Err(Rejection::new(
            Code::TenantMismatch,
            format!("belongs to {tenant}, says {said}"),
        ));
    }
    // Two connections that log in with the same token: the second one to say hello is a replay.
    if let (Some(counter), Some(last)) = (login_counter, row.login_counter())
        && counter <= last
        && !is_on(Mutant::LoginCounterReused)
    {
        return Err(Rejection::new(
            Code::NotAuthorized,
            format!("token counter {counter} after {last}"),
        ));
    }
    let counts = [
        hello.tags.len(),
        hello.capabilities.len(),
        hello.attributes.len(),
    ];
    if counts.into_iter().any(|count| count > INVENTORY_ITEMS_MAX) {
        return Err(Rejection::new(
            Code::Malformed,
            format!("at most {INVENTORY_ITEMS_MAX} tags, capabilities and attributes each"),
        ));
    }
    if hello
        .attributes
        .values()
        .any(|value| value.len() > ATTRIBUTE_BYTES_MAX)
    {
        return Err(Rejection::new(
            Code::Malformed,
            format!("an attribute has at most {ATTRIBUTE_BYTES_MAX} bytes"),
        ));
    }
    Ok(())
}

fn greeted(
    ix: DeviceIx,
    hello: &Hello,
    login_counter: Option<u64>,
    fingerprint: u32,
) -> DeviceGreeted {
    DeviceGreeted {
        device: ix,
        epoch: hello.epoch,
        seq: hello.seq,
        fingerprint,
        login_counter,
        hardware: hello.hardware.clone(),
        capabilities: hello.capabilities.clone(),
        region: hello.region.clone(),
        tenant: hello.tenant.clone(),
        tags: hello.tags.clone(),
        attributes: hello
            .attributes
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        running: hello.running.clone(),
        standby: hello.standby.clone(),
        time_zone: hello.time_zone.clone(),
    }
}

fn reported(
    state: &State,
    row: Device<'_>,
    ix: DeviceIx,
    report: &Report,
    fingerprint: u32,
) -> DeviceReported {
    let is_new = !row.runs(&report.running);
    let (stage, progress_percent) = match (&report.job, latest_execution(state, row)) {
        (Some(job), Some((_, campaign, member)))
            if is_under_way(campaign, member, job)
                || (member.is_open() && job.sequence == member.job) =>
        {
            match job.state {
                JobState::InProgress {
                    stage,
                    progress_percent,
                    ..
                } => (Some(stage), progress_percent),
                _ => (None, None),
            }
        }
        _ => (None, None),
    };
    DeviceReported {
        device: ix,
        epoch: (report.epoch != row.last_number().0).then_some(report.epoch),
        seq: report.seq,
        fingerprint,
        running: is_new.then(|| report.running.clone()),
        stage,
        progress_percent,
        boot_ms: report.boot_ms,
        battery_drain_bp_per_day: report.battery_drain_bp_per_day,
        unexpected_reboots: report.unexpected_reboots,
    }
}

fn latest_execution<'s>(
    state: &'s State,
    row: Device<'_>,
) -> Option<(CampaignIx, &'s Campaign, &'s Member)> {
    let (ix, member) = row.execution()?;
    let campaign = state.campaigns.get(ix);
    Some((ix, campaign, campaign.member(member)))
}

/// Whether a job report is about an attempt that is open, or was withdrawn while word of its acceptance was on the way.
fn is_under_way(campaign: &Campaign, member: &Member, job: &JobReport) -> bool {
    let was_withdrawn = matches!(
        member.state,
        MemberState::Removed | MemberState::Canceled | MemberState::Deferred
    );
    // One that waits has not begun, and need not.
    let was_accepted = !matches!(
        job.state,
        JobState::Rejected { .. }
            | JobState::Canceled
            | JobState::InProgress {
                waiting: Some(_),
                ..
            }
    );
    let is_over = matches!(campaign.status, Status::Completed | Status::Failed { .. });
    job.sequence == member.job
        && (member.is_updating() || (was_withdrawn && was_accepted && !is_over))
}

/// Whether a job report tells of a success after its attempt was given up.
fn is_late_success(member: &Member, job: &JobReport) -> bool {
    let was_given_up = matches!(
        member.state,
        MemberState::Removed
            | MemberState::TimedOut
            | MemberState::Failed
            | MemberState::Retrying { .. }
    );
    job.sequence == member.job && was_given_up && job.state == JobState::Succeeded
}

/// What a snapshot means for the device's latest execution.
fn follow_execution(
    state: &State,
    now: Timestamp,
    device: DeviceIx,
    running: &Running,
    job: Option<&JobReport>,
    facts: &mut Vec<Fact>,
) {
    let row = state.devices.get(device);
    let Some((campaign_ix, campaign, member)) = latest_execution(state, row) else {
        return;
    };
    let at = row.execution().map(|(_, at)| at).expect("it has one");
    let aim = campaign.aim(at, &state.devices);
    let via = (aim != campaign.target(member, &state.devices)).then_some(aim);
    let target = state.releases.get(aim).image;
    if member.state == MemberState::Succeeded
        && running.digest != target
        && !campaign.status.is_final()
    {
        facts.push(
            ExecutionRetracted {
                campaign: campaign_ix,
                device,
                running: running.digest,
            }
            .into(),
        );
        return;
    }
    if let Some(fact) = fell_back(state, now, (campaign_ix, at), running) {
        facts.push(fact);
        return;
    }
    Returning {
        state,
        campaign: campaign_ix,
        member,
        device,
        running,
    }
    .follow(now, job, facts);
    let Some(job) = job else {
        return;
    };
    let runs_target = running.digest == target;
    if is_under_way(campaign, member, job) {
        let execution = OpenExecution {
            state,
            campaign_ix,
            campaign,
            member,
            device,
            runs_target,
            via,
        };
        execution.follow(now, &job.state, facts);
    } else if is_late_success(member, job) && runs_target {
        match via {
            None => facts.push(succeeded(campaign_ix, device)),
            Some(_) if !may_go_on(campaign) => {}
            Some(release) => facts.push(reached(campaign_ix, device, release)),
        }
    }
}

/// Whether steps are still to follow on each other.
const fn may_go_on(campaign: &Campaign) -> bool {
    !campaign.status.is_final() && !campaign.status.is_rolling_back()
}

/// Between two steps of its way a device has left the image that it had been brought to: what it came through does not
/// hold. It is offered that again as often as it may fail.
fn fell_back(
    state: &State,
    now: Timestamp,
    (campaign, at): (CampaignIx, u32),
    running: &Running,
) -> Option<Fact> {
    let row = state.campaigns.get(campaign);
    let member = row.member(at);
    let hop = row.hops.get(&at).filter(|hop| !hop.has_left)?;
    let passed = state.releases.get(hop.passed?);
    let is_between = matches!(member.state, MemberState::Deferred | MemberState::Queued);
    let is_behind =
        running.digest != passed.image && !state.releases.is_newer(running.digest, passed);
    if !is_between || !is_behind || !may_go_on(row) {
        return None;
    }
    let error = DeviceError {
        class: ErrorClass::NotAttested,
        code: Name::parse("fell_back").expect("our own names are valid"),
        message: format!(
            "it had reached {}, and runs {}",
            passed.version, running.version
        ),
    };
    let retry_at = retry_at(state, campaign, member, error.class, now);
    let (device, restored) = (member.device, true);
    Some(
        ExecutionFailed {
            campaign,
            device,
            error,
            restored,
            retry_at,
        }
        .into(),
    )
}

fn reached(campaign: CampaignIx, device: DeviceIx, release: ReleaseIx) -> Fact {
    HopReached {
        campaign,
        device,
        release,
    }
    .into()
}

fn succeeded(campaign: CampaignIx, device: DeviceIx) -> Fact {
    ExecutionSucceeded {
        campaign,
        device,
        already: false,
    }
    .into()
}

struct OpenExecution<'s> {
    state: &'s State,
    campaign_ix: CampaignIx,
    campaign: &'s Campaign,
    member: &'s Member,
    device: DeviceIx,
    runs_target: bool,
    /// It is given this release on its way to the campaign's.
    via: Option<ReleaseIx>,
}

impl OpenExecution<'_> {
    fn follow(&self, now: Timestamp, job: &JobState, facts: &mut Vec<Fact>) {
        let (campaign, device) = (self.campaign_ix, self.device);
        if let JobState::Rejected { error } = job
            && let Some(cause) = given_up(error)
        {
            let removed = ExecutionRemoved {
                campaign,
                device,
                cause,
            };
            facts.push(removed.into());
            return;
        }
        if let JobState::Rejected { error } = job {
            // Whatever it calls its error: the device has declined.
            let retry_at = self.retry_at(ErrorClass::Rejected, now);
            let error = error.clone();
            facts.push(
                ExecutionRejected {
                    campaign,
                    device,
                    error,
                    retry_at,
                }
                .into(),
            );
            return;
        }
        if let JobState::Canceled = job {
            facts.push(self.canceled(now));
            return;
        }
        // The report that a device accepted its job may have been lost; any later one says so too.
        let wait = self.member.state.wait();
        if self.member.state != MemberState::InProgress && wait.is_none() {
            facts.push(ExecutionAccepted { campaign, device }.into());
        }
        match job {
            JobState::Succeeded if self.runs_target => facts.push(self.succeeded()),
            JobState::Succeeded => facts.push(self.failed(now, not_attested(), false)),
            JobState::Failed { error, restored } => {
                facts.push(self.failed(now, error.clone(), *restored))
            }
            JobState::InProgress {
                waiting: Some(said),
                ..
            } => {
                let said = Wait::from(*said);
                if wait != Some(said) {
                    facts.push(self.held(said));
                }
            }
            JobState::InProgress { waiting: None, .. } => {
                if wait.is_some() {
                    facts.push(ExecutionContinued { campaign, device }.into());
                }
            }
            JobState::Rejected { .. } | JobState::Canceled => {}
        }
    }

    /// A step on the way is no success yet; when the campaign offers nothing more, the device stays where it is.
    fn succeeded(&self) -> Fact {
        let (campaign, device) = (self.campaign_ix, self.device);
        match self.via {
            None => succeeded(campaign, device),
            Some(_) if !may_go_on(self.campaign) => ExecutionCanceled { campaign, device }.into(),
            Some(release) => reached(campaign, device, release),
        }
    }

    fn held(&self, wait: Wait) -> Fact {
        ExecutionHeld {
            campaign: self.campaign_ix,
            device: self.device,
            waiting_for: wait.what,
            until_ms: wait.until(),
            postponed: wait.postponed.into(),
        }
        .into()
    }

    fn failed(&self, now: Timestamp, error: DeviceError, restored: bool) -> Fact {
        let retry_at = self.retry_at(error.class, now);
        ExecutionFailed {
            campaign: self.campaign_ix,
            device: self.device,
            error,
            restored,
            retry_at,
        }
        .into()
    }

    fn retry_at(&self, class: ErrorClass, now: Timestamp) -> Option<Timestamp> {
        retry_at(self.state, self.campaign_ix, self.member, class, now)
    }

    /// Only a device whose job was canceled may say so; any other has declined it.
    fn canceled(&self, now: Timestamp) -> Fact {
        let (campaign, device) = (self.campaign_ix, self.device);
        let was_held = self.member.state.wait().is_some();
        let is_over = matches!(self.campaign.status, Status::Canceled { .. });
        if is_over || (was_held && self.campaign.status.is_rolling_back()) {
            return ExecutionCanceled { campaign, device }.into();
        }
        // Its cancel was on its topic; the campaign may go on by now.
        if was_held && self.campaign.recalled_position > Some(self.member.job) {
            let cause = DeferralCause::CalledBack;
            return ExecutionDeferred {
                campaign,
                device,
                cause,
                window: None,
            }
            .into();
        }
        let error = DeviceError {
            class: ErrorClass::Rejected,
            code: Name::parse("canceled_by_device").expect("our own names are valid"),
            message: "the device canceled a job that the campaign did not".into(),
        };
        let retry_at = self.retry_at(error.class, now);
        ExecutionRejected {
            campaign,
            device,
            error,
            retry_at,
        }
        .into()
    }
}

/// A device has waited for as long as it was to. No word against the release.
fn given_up(error: &DeviceError) -> Option<RemovalCause> {
    match error.code.as_str() {
        PRECONDITION_UNMET => Some(RemovalCause::PreconditionUnmet),
        CONSENT_DENIED => Some(RemovalCause::ConsentDenied),
        _ => None,
    }
}

pub(super) fn not_attested() -> DeviceError {
    DeviceError {
        class: ErrorClass::NotAttested,
        code: Name::parse("not_attested").expect("our own names are valid"),
        message: "reported success while running another image than the job's target".into(),
    }
}
