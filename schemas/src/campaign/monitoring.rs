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
    }
}

/// As long as a device may take to accept its job unless more is said: what is silent for longer moves on by then.
const STALLED: Hours = Hours::of(24);

impl Monitoring {
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
        above_zero(
            "monitoring.report_interval_hours",
            self.report_interval_hours,
        )
    }
}
