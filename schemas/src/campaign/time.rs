//! When a campaign may do what: its schedule, maintenance windows, freezes.

use alloc::{format, string::String};
use core::fmt;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{CampaignSpec, DAY_MS, Hours, SpecError, check::above_zero, layer, list::any_or_some};
use crate::id::TimeZoneName;

/// Most maintenance windows of a campaign, and most freezes: they are gone through for each time zone.
pub const TIMES_MAX: usize = 20;
/// The longest a maintenance window may be: each day of the week has its own, so more is always.
const WINDOW_MS_MAX: u64 = 7 * DAY_MS;
/// Longest reason of a freeze, in bytes.
const REASON_BYTES_MAX: usize = 256;

/// A point in time, written as RFC 3339 has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Timestamp);

impl Moment {
    /// Since 1970, UTC.
    #[must_use]
    pub fn ms(self) -> u64 {
        u64::try_from(self.0.as_millisecond()).expect("none is before 1970")
    }

    /// `None`: not as RFC 3339 has it, or before 1970.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let at: Timestamp = text.parse().ok()?;
        (at >= Timestamp::UNIX_EPOCH).then_some(Self(at))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// When a campaign begins and ends by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Once an operator has started it, it waits until then.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub start: Option<Moment>,
    /// From then on `on_end` holds.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub end: Option<Moment>,
    #[serde(default)]
    pub on_end: OnEnd,
}

/// What becomes of a campaign at the end of its schedule.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum OnEnd {
    /// Nothing new is offered; what devices have accepted comes to its outcome, and then it has completed or failed.
    #[default]
    #[n(0)]
    Finish,
    /// It pauses.
    #[n(1)]
    Pause,
    /// It is canceled.
    #[n(2)]
    Cancel,
}

/// When devices may install, week after week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// The days on which it opens; all, unless said otherwise.
    #[serde(default)]
    pub days: Weekdays,
    /// When it opens.
    pub start: ClockTime,
    /// How long it stays open, in hours that pass.
    pub duration_hours: Hours,
    /// Whose clock `start` is read from: the device's own, unless said otherwise.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub time_zone: Option<TimeZoneName>,
}

/// When nothing new may start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Of a day: its beginning, in the campaign's time zone.
    pub from: FreezeBound,
    /// Of a day: its end.
    pub to: FreezeBound,
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreezeBound {
    Day(Date),
    Moment(Moment),
}

/// When devices that have a maintenance window get their job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Download {
    /// At once: they download at any time, and install within the window.
    #[default]
    Early,
    /// When the window opens.
    InWindow,
}

impl Download {
    #[must_use]
    pub fn is_early(&self) -> bool {
        *self == Self::Early
    }
}

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekdays(u8);

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Weekdays {
    /// 0 is Monday.
    #[must_use]
    pub const fn has(self, day: u8) -> bool {
        self.0 & (1 << day) != 0
    }

    /// As they are written, Monday first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let days = (0u8..).zip(DAYS).filter(move |(day, _)| self.has(*day));
        days.map(|(_, name)| name)
    }
}

impl Default for Weekdays {
    fn default() -> Self {
        Self((1 << DAYS.len()) - 1)
    }
}

/// A time of day, in minutes from midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockTime(u16);

impl ClockTime {
    #[must_use]
    pub const fn hour_and_minute(self) -> (u8, u8) {
        ((self.0 / 60) as u8, (self.0 % 60) as u8)
    }

    fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let number = |digits: &str, end: u16| {
            let is_number = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
            let number = digits.parse::<u16>().ok().filter(|_| is_number)?;
            (number < end).then_some(number)
        };
        Some(Self(number(hour, 24)? * 60 + number(minute, 60)?))
    }
}

impl Schedule {
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self) -> Result<(), SpecError> {
        match (self.start, self.end) {
            (Some(start), Some(end)) if end <= start => Err(SpecError::new(
                "schedule.end",
                format!("{end} is not after the start"),
                format!("allowed is later than {start}"),
            )),
            (_, None) if self.on_end != OnEnd::default() => Err(SpecError::new(
                "schedule.on_end",
                "the schedule has no end",
                "it stands with schedule.end",
            )),
            _ => Ok(()),
        }
    }
}

impl MaintenanceWindow {
    fn check(&self, key: &str) -> Result<(), SpecError> {
        if self.days.0 == 0 {
            return Err(SpecError::new(
                format!("{key}.days"),
                "it opens on no day",
                "allowed are mon, tue, wed, thu, fri, sat, sun, or * for all",
            ));
        }
        let key = format!("{key}.duration_hours");
        above_zero(&key, self.duration_hours)?;
        if self.duration_hours.ms() > WINDOW_MS_MAX {
            return Err(SpecError::new(
                key,
                "it opens again before it closes",
                "allowed is above 0, up to 7d",
            ));
        }
        Ok(())
    }
}

impl Freeze {
    fn check(&self, key: &str) -> Result<(), SpecError> {
        let is_over = match (self.from, self.to) {
            (FreezeBound::Day(from), FreezeBound::Day(to)) => to < from,
            (FreezeBound::Moment(from), FreezeBound::Moment(to)) => to <= from,
            // What day a moment belongs to is a matter of the time zone; two days apart it is none.
            (FreezeBound::Day(from), FreezeBound::Moment(to)) => {
                to.0.to_zoned(jiff::tz::TimeZone::UTC).date() < from.yesterday().unwrap_or(from)
            }
            (FreezeBound::Moment(from), FreezeBound::Day(to)) => {
                from.0.to_zoned(jiff::tz::TimeZone::UTC).date() > to.tomorrow().unwrap_or(to)
            }
        };
        if is_over {
            return Err(SpecError::new(
                format!("{key}.to"),
                format!("{} is before {}", self.to, self.from),
                "a freeze ends after it has begun",
            ));
        }
        let reason = self.reason.as_deref().unwrap_or_default();
        if reason.len() > REASON_BYTES_MAX || reason.chars().any(char::is_control) {
            return Err(SpecError::new(
                format!("{key}.reason"),
                "it is no line for people",
                "allowed is up to 256 bytes without control characters",
            ));
        }
        Ok(())
    }
}

impl CampaignSpec {
    pub(super) fn check_times(&self) -> Result<(), SpecError> {
        self.schedule.check()?;
        let windows = self.maintenance_windows.len();
        for (key, count) in [
            ("maintenance_windows", windows),
            ("freezes", self.freezes.len()),
        ] {
            if count > TIMES_MAX {
                let problem = format!("{count} are too many");
                let allowed = format!("allowed are up to {TIMES_MAX}");
                return Err(SpecError::new(key, problem, allowed));
            }
        }
        for (i, window) in self.maintenance_windows.iter().enumerate() {
            window.check(&format!("maintenance_windows[{i}]"))?;
        }
        for (i, freeze) in self.freezes.iter().enumerate() {
            freeze.check(&format!("freezes[{i}]"))?;
        }
        if windows == 0 && !self.download.is_early() {
            return Err(SpecError::new(
                "download",
                "there is no window to download in",
                "in_window stands with maintenance_windows",
            ));
        }
        Ok(())
    }
}

impl fmt::Display for FreezeBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => fmt::Display::fmt(day, f),
            Self::Moment(moment) => fmt::Display::fmt(moment, f),
        }
    }
}

/// Texts of a kind that a function reads.
macro_rules! text {
    ($type:ty, $expected:literal, $parse:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        let parse: fn(&str) -> Option<$type> = $parse;
                        parse(text)
                            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    };
}

text!(
    Moment,
    "a time with its offset from UTC, like 2026-12-01T08:00:00Z",
    Moment::parse
);
text!(
    FreezeBound,
    "a day like 2026-12-20, or a time with its offset from UTC",
    |text| match text.parse::<Date>() {
        Ok(day) if text.len() == "2026-12-20".len() => Some(FreezeBound::Day(day)),
        _ => Moment::parse(text).map(FreezeBound::Moment),
    }
);
text!(
    ClockTime,
    "a time of day from 00:00 to 23:59, in quotes",
    ClockTime::parse
);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for FreezeBound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for ClockTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (hour, minute) = self.hour_and_minute();
        serializer.collect_str(&format_args!("{hour:02}:{minute:02}"))
    }
}

impl Serialize for Weekdays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if *self == Self::default() {
            return serializer.serialize_str("*");
        }
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for Weekdays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(names) = any_or_some::<String, D>(deserializer)? else {
            return Ok(Self::default());
        };
        let mut days = Self(0);
        for name in names {
            let Some(day) = DAYS.iter().position(|day| *day == name) else {
                return Err(de::Error::unknown_variant(&name, &DAYS));
            };
            days.0 |= 1 << day;
        }
        Ok(days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again<T: Serialize + for<'de> Deserialize<'de>>(text: &str) -> String {
        let value: T = serde_json::from_str(text).unwrap();
        serde_json::to_string(&value).unwrap()
    }

    #[test]
    fn times_are_written_as_they_were_read() {
        assert_eq!(again::<ClockTime>(r#""02:05""#), r#""02:05""#);
        assert_eq!(again::<Weekdays>(r#"["sun","mon"]"#), r#"["mon","sun"]"#);
        assert_eq!(again::<Weekdays>(r#""sat""#), r#"["sat"]"#);
        assert_eq!(again::<Weekdays>(r#""*""#), r#""*""#);
        assert_eq!(again::<FreezeBound>(r#""2026-12-20""#), r#""2026-12-20""#);
        assert_eq!(
            again::<FreezeBound>(r#""2026-12-20T18:00:00+01:00""#),
            r#""2026-12-20T17:00:00Z""#
        );
    }
}
