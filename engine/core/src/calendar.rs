//! Time as people reckon it: maintenance windows in the time zones of devices, and freezes.
//!
//! The time zone database is compiled in, so what is decided does not depend on the machine. What has been decided is in
//! the log: a newer database changes only what is to come.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use fleetfold_schemas::{
    TimeZoneName,
    campaign::{CampaignSpec, FreezeBound, MaintenanceWindow, SpecError},
    mutant::{Mutant, is_on},
};
use hashbrown::HashMap;
use jiff::{
    Span, Timestamp as Instant,
    civil::{Date, Time},
    tz::{TimeZone, TimeZoneDatabase},
};
use minicbor::{Decode, Encode};
use rustc_hash::FxBuildHasher;
use serde::Serialize;

use crate::{
    CampaignIx, DeviceIx, State, Timestamp,
    state::{Campaign, Device},
};

/// Windows are looked for so far ahead: no campaign lasts longer.
const HORIZON_DAYS: i32 = 400;
/// Windows begin so long before the day that is looked at, at most.
const WINDOW_DAYS_MAX: i32 = 8;

/// When one device may install.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize)]
pub struct Window {
    #[n(0)]
    pub from: Timestamp,
    /// Exclusive.
    #[n(1)]
    pub until: Timestamp,
}

impl Window {
    /// Of a device whose windows never open.
    pub const NEVER: Self = Self {
        from: u64::MAX,
        until: u64::MAX,
    };

    #[must_use]
    pub fn opens(&self) -> Option<Timestamp> {
        (*self != Self::NEVER).then_some(self.from)
    }
}

/// When nothing new starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    pub from: Timestamp,
    pub until: Timestamp,
    pub reason: Option<String>,
}

/// What one job has to keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// There are no windows, or an operator does not want to wait for them.
    AnyTime,
    Within(Window),
}

/// Windows by campaign and time zone, each worked out once.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    zones: HashMap<TimeZoneName, Option<TimeZone>, FxBuildHasher>,
    known: HashMap<(CampaignIx, Option<TimeZoneName>), Known, FxBuildHasher>,
}

/// The answer for any time before `until`, and from when it was asked.
#[derive(Debug, Clone, Copy)]
struct Known {
    window: Window,
    until: Timestamp,
}

impl Calendar {
    /// The window that a device's next job is for: the one that is open and closes last, or else the one that opens first.
    pub fn when(
        &mut self,
        state: &State,
        ix: CampaignIx,
        device: DeviceIx,
        now: Timestamp,
    ) -> When {
        self.for_device(state.campaigns.get(ix), ix, state.devices.get(device), now)
    }

    /// The same of a campaign that may not have been handed in yet.
    pub fn for_device(
        &mut self,
        row: &Campaign,
        ix: CampaignIx,
        device: Device<'_>,
        now: Timestamp,
    ) -> When {
        if row.spec.maintenance_windows.is_empty() {
            return When::AnyTime;
        }
        let zone = device.time_zone();
        let zone = zone.filter(|name| self.zone(name).is_some());
        When::Within(self.window(row, ix, zone, now))
    }

    fn window(
        &mut self,
        row: &Campaign,
        ix: CampaignIx,
        zone: Option<TimeZoneName>,
        now: Timestamp,
    ) -> Window {
        let key = (ix, zone);
        if let Some(known) = self.known.get(&key).filter(|known| now < known.until) {
            return known.window;
        }
        let known = self.find(row, key.1.as_ref(), now);
        self.known.insert(key, known);
        known.window
    }

    fn find(&mut self, row: &Campaign, zone: Option<&TimeZoneName>, now: Timestamp) -> Known {
        let default = row.spec.time_zone.as_ref();
        // What opens after the campaign's end never opens for it.
        let end = row.windows_end(row.started_at.unwrap_or(now));
        let (mut open, mut next) = (None::<Window>, None::<Window>);
        for spec in &row.spec.maintenance_windows {
            let name = spec.time_zone.as_ref().or(zone).or(default);
            let name = name.filter(|_| !is_on(Mutant::WindowByUtc));
            let zone = name.and_then(|name| self.zone(name));
            let zone = zone.unwrap_or(TimeZone::UTC);
            let windows = occurrences(spec, &zone, now, &row.freezes);
            for window in windows.take_while(|window| window.from < end) {
                if window.from <= now {
                    let longer =
                        |other: Window| (window.until, other.from) > (other.until, window.from);
                    if open.is_none_or(longer) {
                        open = Some(window);
                    }
                    continue;
                }
                let earlier =
                    |other: Window| (window.from, other.until) < (other.from, window.until);
                if next.is_none_or(earlier) {
                    next = Some(window);
                }
                break;
            }
        }
        let opens = next.map_or(u64::MAX, |next| next.from);
        match (open, next) {
            (Some(window), _) => Known {
                window,
                until: window.until.min(opens),
            },
            (None, Some(window)) => Known {
                window,
                until: opens,
            },
            (None, None) => Known {
                window: Window::NEVER,
                until: u64::MAX,
            },
        }
    }

    fn zone(&mut self, name: &TimeZoneName) -> Option<TimeZone> {
        if let Some(zone) = self.zones.get(name) {
            return zone.clone();
        }
        let zone = zone(name);
        self.zones.insert(name.clone(), zone.clone());
        zone
    }
}

/// The times at which a window is open, from the first that is not over, in their order. A start that the clock skips is
/// as much later, one that it shows twice is the first (RFC 5545 section 3.3.5); the duration is one of hours that pass.
fn occurrences<'a>(
    spec: &'a MaintenanceWindow,
    zone: &'a TimeZone,
    now: Timestamp,
    freezes: &'a [Freeze],
) -> impl Iterator<Item = Window> + 'a {
    let (hour, minute) = spec.start.hour_and_minute();
    let start = Time::constant(hour.cast_signed(), minute.cast_signed(), 0, 0);
    let today = instant(now).to_zoned(zone.clone()).date();
    let days = (-WINDOW_DAYS_MAX..HORIZON_DAYS)
        .filter_map(move |ahead| today.checked_add(Span::new().days(ahead)).ok());
    days.filter(|day| spec.days.has(weekday(*day)))
        .filter_map(move |day| {
            let zoned = zone.to_ambiguous_zoned(day.to_datetime(start)).compatible();
            let from = ms(zoned.ok()?.timestamp());
            let until = from + spec.duration_hours.ms();
            Some(Window { from, until })
        })
        .filter(move |window| window.until > now)
        .flat_map(move |window| thawed(window, freezes))
        .filter(move |window| window.until > now)
}

/// What freezes leave of a window. They are in their order.
fn thawed(window: Window, freezes: &[Freeze]) -> Vec<Window> {
    let mut left = Vec::new();
    let mut rest = window;
    for freeze in freezes {
        if freeze.until <= rest.from || rest.until <= freeze.from {
            continue;
        }
        if rest.from < freeze.from {
            let until = freeze.from;
            left.push(Window { until, ..rest });
        }
        rest.from = freeze.until.min(rest.until);
    }
    if rest.from < rest.until {
        left.push(rest);
    }
    left
}

/// The freezes of a description as times, in their order.
#[must_use]
pub fn freezes(spec: &CampaignSpec) -> Vec<Freeze> {
    if spec.freezes.is_empty() {
        return Vec::new();
    }
    // A description that has been accepted names a zone that there is.
    let zone = spec.time_zone.as_ref().and_then(zone);
    let zone = zone.unwrap_or(TimeZone::UTC);
    let begin = |day: Date| match zone
        .to_ambiguous_zoned(day.to_datetime(Time::midnight()))
        .compatible()
    {
        Ok(zoned) => ms(zoned.timestamp()),
        Err(_) => u64::MAX,
    };
    let mut freezes: Vec<_> = spec
        .freezes
        .iter()
        .map(|freeze| Freeze {
            from: match freeze.from {
                FreezeBound::Day(day) => begin(day),
                FreezeBound::Moment(moment) => moment.ms(),
            },
            until: match freeze.to {
                FreezeBound::Day(day) => day.tomorrow().map_or(u64::MAX, begin),
                FreezeBound::Moment(moment) => moment.ms(),
            },
            reason: freeze.reason.clone(),
        })
        .filter(|freeze| freeze.from < freeze.until)
        .collect();
    freezes.sort_by_key(|freeze| (freeze.from, freeze.until));
    freezes
}

/// Whether all time zones that a description names are known.
pub fn check_zones(spec: &CampaignSpec) -> Result<(), SpecError> {
    let check = |key: String, name: &Option<TimeZoneName>| match name {
        Some(name) if zone(name).is_none() => Err(SpecError {
            key,
            problem: format!("{name} is no time zone"),
            allowed:
                "allowed are the names of the IANA time zone database, like Europe/Berlin or UTC"
                    .into(),
        }),
        _ => Ok(()),
    };
    check("time_zone".to_owned(), &spec.time_zone)?;
    for (i, window) in spec.maintenance_windows.iter().enumerate() {
        check(
            format!("maintenance_windows[{i}].time_zone"),
            &window.time_zone,
        )?;
    }
    Ok(())
}

/// Whether there is such a time zone.
#[must_use]
pub fn is_known(name: &TimeZoneName) -> bool {
    zone(name).is_some()
}

/// For people: `2026-03-29 02:00 Europe/Berlin`.
#[must_use]
pub fn clock(at: Timestamp, name: Option<&TimeZoneName>) -> String {
    let zone = name.and_then(zone);
    let shown = match (&zone, name) {
        (Some(_), Some(name)) => name.as_str(),
        _ => "UTC",
    };
    let zoned = instant(at).to_zoned(zone.unwrap_or(TimeZone::UTC));
    let time = zoned.datetime();
    format!(
        "{} {:02}:{:02} {shown}",
        time.date(),
        time.hour(),
        time.minute()
    )
}

fn zone(name: &TimeZoneName) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name.as_str()).ok()
}

/// 0 is Monday.
fn weekday(day: Date) -> u8 {
    day.weekday().to_monday_zero_offset().cast_unsigned()
}

fn instant(ms: Timestamp) -> Instant {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    Instant::from_millisecond(ms).unwrap_or(Instant::MAX)
}

/// Nothing is before 1970 that campaigns have to do with.
fn ms(at: Instant) -> Timestamp {
    u64::try_from(at.as_millisecond()).unwrap_or(0)
}
