//! How a campaign is watched and reported on.

use super::{BasisPoints, Hours, Minutes, SpecError, check::above_zero, layer::block};

block! {
    /// How a campaign is watched and reported on.
    Monitoring, MonitoringDraft {
        /// How often its progress is looked at for alerts: each is raised as soon as it is due, then stays so long, and stays
        /// away as long.
        update_interval_minutes: Minutes = Minutes::of(5),
        /// Raise an alert when more than this share of the outcomes is failures. 100: never.
        alert_on_failure_rate: BasisPoints = BasisPoints::from_percent(5),
        /// Raise an alert when a device that has accepted its job has had no outcome for so long.
        alert_on_timeout_hours: Hours = Hours::of(24),
        /// Whether reports are published while it runs; one at the end always is.
        generate_reports: bool = true,
        report_interval_hours: Hours = Hours::of(24),
    }
    absent unless said {
        /// Raise an alert when the campaign waits for devices and nothing has happened to any for so long. Without it: 24.
        alert_on_stalled_hours: Hours,
        /// Raise an alert when more than this share of its devices, of those ever heard of, has fallen silent. 100: never.
        /// Without it: 20.
        alert_on_offline_rate: BasisPoints,
        /// How long a device must not have been heard of for that, to ten minutes. Without it: 7 days.
        alert_on_offline_hours: Hours,
        /// Raise an alert when `gates.health` show updated devices to be worse off by more than this share of what was
        /// before, and by more than their `at_least_...`. 100: never. Without it: 5.
        alert_on_degradation: BasisPoints,
    }
}

/// As long as a device may take to accept its job unless more is said: what is silent for longer moves on by then.
const STALLED: Hours = Hours::of(24);

/// Many devices have nothing to say for days; see `silent` of a rehearsal.
const OFFLINE: Hours = Hours::of(7 * 24);

impl Monitoring {
    /// The share of its devices that may be silent.
    #[must_use]
    pub fn offline_rate(&self) -> BasisPoints {
        self.alert_on_offline_rate
            .unwrap_or(BasisPoints::from_percent(20))
    }

    /// How long a device must not have been heard of to be taken for offline.
    #[must_use]
    pub fn offline_after(&self) -> Hours {
        self.alert_on_offline_hours.unwrap_or(OFFLINE)
    }

    /// The share of what was before by which updated devices may be worse off.
    #[must_use]
    pub fn degradation(&self) -> BasisPoints {
        self.alert_on_degradation
            .unwrap_or(BasisPoints::from_percent(5))
    }

    /// How long nothing may happen to any device that the campaign waits for.
    #[must_use]
    pub fn stalled_after(&self) -> Hours {
        self.alert_on_stalled_hours.unwrap_or(STALLED)
    }

    pub(super) fn check(&self) -> Result<(), SpecError> {
        above_zero(
            "monitoring.update_interval_minutes",
            self.update_interval_minutes,
        )?;
        above_zero(
            "monitoring.alert_on_timeout_hours",
            self.alert_on_timeout_hours,
        )?;
        above_zero("monitoring.alert_on_stalled_hours", self.stalled_after())?;
        above_zero("monitoring.alert_on_offline_hours", self.offline_after())?;
        above_zero(
            "monitoring.report_interval_hours",
            self.report_interval_hours,
        )
    }
}
