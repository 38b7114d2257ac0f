//! Maintenance windows and devices that wait, worked out again from descriptions and from what devices say.

use std::cmp::Reverse;

use fleetfold_core::{
    CampaignIx, DeviceIx, Fact,
    calendar::Window,
    fact::{DeferralCause, RemovalCause},
};
use fleetfold_schemas::{
    TimeZoneName,
    campaign::{AtLimit, DAY_MS, MINUTE_MS},
    device::WaitingFor,
};

use super::{
    Book, Checked, Status, campaign::Campaign, demand, fleet::Device, member::Member, member::Place,
};
use crate::sim::world::Sim;

/// Minutes that clocks are ahead of UTC in January, in the zones that anybody here names: all over before a clock is put
/// forward or back. Who names another one has no clock that counts.
pub(in crate::sim) const ZONES: [(&str, i64); 5] = [
    ("UTC", 0),
    ("Europe/Berlin", 60),
    ("America/New_York", -300),
    ("Asia/Kolkata", 330),
    ("Pacific/Kiritimati", 840),
];
/// What campaigns ask for is over by then: windows that open later are not looked at.
const DAYS_AHEAD: i64 = 10;
/// No window is open for longer.
const DAYS_BACK: i64 = 8;
/// 1970 began on a Thursday, the third day after a Monday.
const EPOCH_WEEKDAY: i64 = 3;

fn ahead_of_utc_ms(zone: &TimeZoneName) -> Option<i64> {
    let found = ZONES.iter().find(|(name, _)| *name == zone.as_str());
    found.map(|(_, minutes)| minutes * signed(MINUTE_MS))
}

const fn signed(ms: u64) -> i64 {
    ms.cast_signed()
}

impl Campaign {
    pub(super) fn has_windows(&self) -> bool {
        !self.spec.maintenance_windows.is_empty()
    }

    /// When nothing is installed any more, whatever opens later.
    fn closes_ms(&self) -> u64 {
        let deadline_ms = self.deadline_ms().unwrap_or(u64::MAX);
        let goes_on = self.spec.schedule.on_end == fleetfold_schemas::campaign::OnEnd::Pause;
        let end_ms = self.spec.schedule.end.filter(|_| !goes_on);
        end_ms.map_or(deadline_ms, |end| end.ms().min(deadline_ms))
    }

    /// All times at which a device with this clock may install, of those that are not over.
    fn open_times(&self, clock: Option<&TimeZoneName>, at_ms: u64) -> Vec<(u64, u64)> {
        let clock = clock.filter(|zone| ahead_of_utc_ms(zone).is_some());
        let mut times = Vec::new();
        for window in &self.spec.maintenance_windows {
            let zone = window.time_zone.as_ref().or(clock);
            let zone = zone.or(self.spec.time_zone.as_ref());
            let ahead_ms = zone.and_then(ahead_of_utc_ms).unwrap_or(0);
            let (hour, minute) = window.start.hour_and_minute();
            let start_ms = (i64::from(hour) * 60 + i64::from(minute)) * signed(MINUTE_MS);
            let today = (signed(at_ms) + ahead_ms).div_euclid(signed(DAY_MS));
            for day in today - DAYS_BACK..today + DAYS_AHEAD {
                let weekday = (day + EPOCH_WEEKDAY).rem_euclid(7);
                if !window
                    .days
                    .has(u8::try_from(weekday).expect("one of seven"))
                {
                    continue;
                }
                let from_ms = (day * signed(DAY_MS) + start_ms - ahead_ms).cast_unsigned();
                times.extend(self.without_freezes(from_ms, from_ms + window.duration_hours.ms()));
            }
        }
        times.retain(|(from, until)| *until > at_ms && *from < self.closes_ms());
        times
    }

    fn without_freezes(&self, from_ms: u64, until_ms: u64) -> Vec<(u64, u64)> {
        let mut left = vec![(from_ms, until_ms)];
        for (begins, ends) in self.freeze_times() {
            let cut = left
                .into_iter()
                .flat_map(|(from, until)| [(from, until.min(begins)), (from.max(ends), until)]);
            left = cut.filter(|(from, until)| from < until).collect();
        }
        left
    }

    /// The window that is open and closes last, or else the one that opens first.
    fn window_of(&self, device: &Device, at_ms: u64) -> Window {
        let times = self.open_times(device.said.time_zone.as_ref(), at_ms);
        let is_open = |(from, _): &&(u64, u64)| *from <= at_ms;
        let open = times.iter().filter(is_open);
        let open = open.max_by_key(|(from, until)| (*until, Reverse(*from)));
        let next = times
            .iter()
            .min_by_key(|(from, until)| (*from, Reverse(*until)));
        open.or(next).map_or(Window::NEVER, |(from, until)| Window {
            from: *from,
            until: *until,
        })
    }

    /// Devices that wait would go on without asking: while nothing new is to start, their jobs are taken back.
    pub(super) const fn calls_back(&self) -> bool {
        self.status.is_paused() || self.status.is_going_back()
    }

    /// Whether who has an open job is told to stop.
    pub(super) fn cancels(&self, member: &Member) -> bool {
        self.status == Status::Canceled || member.place.is_held() && self.calls_back()
    }

    /// What waits for its window waits no more once that opens.
    pub(super) fn waits_for_window(member: &Member, at_ms: u64) -> bool {
        member.window.is_some_and(|window| window.from > at_ms)
    }

    /// How many wait for a window that does not open.
    pub(super) fn waiting_for_ever(&self) -> u64 {
        let windows = self.members.iter().filter_map(|member| member.window);
        windows.filter(|window| *window == Window::NEVER).count() as u64
    }

    /// When the last of its members' windows opened.
    pub(super) fn last_opened_ms(&self, at_ms: u64) -> u64 {
        let windows = self.members.iter().filter_map(|member| member.window);
        let opened = windows.map(|window| window.from);
        opened.filter(|from| *from <= at_ms).max().unwrap_or(0)
    }

    /// How long one that has accepted may wait for this.
    pub(super) fn waits_until_ms(
        &self,
        member: &Member,
        what: WaitingFor,
        until_ms: Option<u64>,
    ) -> u64 {
        let timeouts = &self.spec.timeouts;
        let waiting_ms = timeouts.waiting_hours.map_or(7 * DAY_MS, |it| it.ms());
        match until_ms {
            Some(until) if is_by_clock(what) => until
                .max(member.since_ms)
                .saturating_add(timeouts.execution_hours.ms()),
            _ => member.since_ms + waiting_ms,
        }
    }
}

/// It ends by itself, and then the device has work to do.
const fn is_by_clock(what: WaitingFor) -> bool {
    matches!(what, WaitingFor::Window | WaitingFor::Start)
}

impl Member {
    /// Until when it need not be done; 0 if there is nothing to wait for, or if that never comes.
    pub(super) fn closes_ms(&self) -> u64 {
        let window = self.window.filter(|window| *window != Window::NEVER);
        window.map_or(0, |window| window.until)
    }

    /// What a fact means for the window that it has to keep to.
    pub(super) fn keep_to(&mut self, fact: &Fact) {
        match fact {
            Fact::ExecutionQueued(fact) => {
                self.window = fact.window;
                self.given = fact.window.into_iter().collect();
            }
            Fact::ExecutionDeferred(fact) => self.window = fact.window,
            Fact::WindowRenewed(fact) => {
                self.window = Some(fact.window);
                self.given.push(fact.window);
            }
            Fact::ExecutionAccepted(_) | Fact::ExecutionHeld(_) | Fact::ExecutionContinued(_) => {}
            _ => self.window = None,
        }
    }
}

impl Place {
    pub(super) const fn is_held(self) -> bool {
        matches!(self, Self::Held { .. })
    }
}

impl Book {
    /// Whether what a member's turn has come to keeps to its campaign's windows.
    pub(super) fn check_window(
        &self,
        at_ms: u64,
        (ix, device): (CampaignIx, DeviceIx),
        fact: &Fact,
        is_expedited: bool,
    ) -> Checked {
        let campaign = self.campaign(ix);
        let known = self.fleet.get(device);
        let expected =
            (campaign.has_windows() && !is_expedited).then(|| campaign.window_of(known, at_ms));
        let is_early = campaign.spec.download.is_early();
        let may_go = |window: Window| match is_early {
            true => window != Window::NEVER,
            false => window.from <= at_ms,
        };
        let is = |holds, invariant| {
            demand(holds, invariant, || {
                format!(
                    "{} by {:?} in {} at {at_ms}: {fact:?}, but {expected:?}",
                    known.id,
                    known.said.time_zone,
                    campaign.id()
                )
            })
        };
        match fact {
            Fact::ExecutionQueued(fact) => {
                is(
                    fact.window == expected,
                    "a job is for the window that its device's clock says",
                )?;
                is(
                    expected.is_none_or(may_go),
                    "no job before its window where downloads are not early",
                )
            }
            Fact::ExecutionDeferred(fact) if fact.cause == DeferralCause::Window => {
                is(
                    fact.window == expected,
                    "a job is for the window that its device's clock says",
                )?;
                is(
                    !expected.is_none_or(may_go),
                    "nobody waits for a window that is open",
                )
            }
            _ => Ok(()),
        }
    }

    /// Whether a device that has missed its window is given the next one.
    pub(super) fn check_renewed(
        &self,
        at_ms: u64,
        ix: CampaignIx,
        at: usize,
        next: Window,
    ) -> Checked {
        let campaign = self.campaign(ix);
        let member = &campaign.members[at];
        let known = self.fleet.get(member.device);
        let expected = campaign.window_of(known, at_ms);
        demand(
            next == expected
                && next != Window::NEVER
                && member.place.is_open()
                && !campaign.status.is_final()
                && member.window.is_some_and(|window| window.until <= at_ms),
            "who has missed its window is given the next one",
            || {
                format!(
                    "{} at {at_ms}: {next:?}, but {expected:?}: {member:?}",
                    known.id
                )
            },
        )
    }

    /// Whether a device may be taken out for what it has waited for.
    pub(super) fn check_given_up(
        &self,
        ix: CampaignIx,
        member: &Member,
        cause: RemovalCause,
        is_due: bool,
    ) -> Checked {
        let campaign = self.campaign(ix);
        let conditions = &campaign.spec.preconditions;
        let known = self.fleet.get(member.device);
        let is_true = match cause {
            RemovalCause::ConsentDenied => {
                let consent = conditions.consent.as_ref();
                member.place.is_open() && consent.is_some_and(|it| it.at_limit == AtLimit::Fail)
            }
            RemovalCause::PreconditionUnmet => {
                let has_waited = member.place.is_held() && is_due;
                has_waited || member.place.is_open() && !conditions.is_empty()
            }
            _ => {
                !conditions.is_empty()
                    && !known.can_wait
                    && (member.place == Place::Queued || member.place.is_before_offer())
            }
        };
        demand(
            is_true,
            "a device is taken out for what it waits for only if it asks for it",
            || format!("{} in {}: {cause:?}, {member:?}", known.id, campaign.id()),
        )
    }
}

impl Sim {
    /// A device begins to install: within a window that its job was given, by its own clock, and with all that it needs.
    pub(in crate::sim) fn check_install_time(&mut self, at: usize, clock_ms: u64) {
        let checked = self.install_time(at, clock_ms);
        self.judge(checked);
    }

    fn install_time(&self, at: usize, clock_ms: u64) -> Checked {
        let device = &self.devices[at];
        let Some(ix) = self.book.fleet.find(&device.id) else {
            return Ok(());
        };
        let Some(sequence) = device.flash.record().job.as_ref().map(|job| job.sequence) else {
            return Ok(());
        };
        let campaigns = self.book.campaigns.iter();
        let mut under = campaigns.filter_map(|campaign| Some((campaign, campaign.member(ix)?)));
        // It may not have heard that there is another job by now.
        let Some((campaign, member)) = under.find(|(_, member)| member.job == sequence) else {
            return Ok(());
        };
        if member.place.has_begun_back() {
            return Ok(());
        }
        let within = |window: &Window| (window.from..window.until).contains(&clock_ms);
        demand(
            member.given.is_empty() || member.given.iter().any(within),
            "a device installs within its window",
            || {
                format!(
                    "{} in {} at {clock_ms}: {member:?}",
                    device.id,
                    campaign.id()
                )
            },
        )?;
        let conditions = &campaign.spec.preconditions;
        let now = device.surroundings(self.queue.now_ms());
        let is_charged = match (conditions.battery_percent_min, now.battery_percent) {
            (Some(least), Some(charged)) => charged >= least,
            _ => true,
        };
        demand(
            is_charged && (now.external_power || !conditions.external_power),
            "a device installs with the power that the campaign asks for",
            || {
                format!(
                    "{} in {}: {now:?}, {conditions:?}",
                    device.id,
                    campaign.id()
                )
            },
        )
    }
}
