//! How a campaign is watched and reported on.

use super::{BasisPoints, Hours, Minutes, SpecError, check::above_zero, layer::block};

block! {
    /// How a campaign is watched and reported on.
    Monitoring, MonitoringDraft {
        /// How often its progress is looked at for alerts.
        update_interval_minutes: Minutes = Minutes::of(5),
        /// Raise an alert when more than this share of the outcomes is failures. 100: never.
        alert_on_failure_rate: BasisPoints = BasisPoints::from_percent(5),
        /// Raise an alert when a device that has accepted its job has had no outcome for so long.
        alert_on_timeout_hours: Hours = Hours::of(24),
        /// Whether reports are published while it runs; one at the end always is.
        generate_reports: bool = true,
        report_interval_hours: Hours = Hours::of(24),
    }
}

impl Monitoring {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        above_zero(
            "monitoring.update_interval_minutes",
            self.update_interval_minutes,
        )?;
        above_zero(
            "monitoring.alert_on_timeout_hours",
            self.alert_on_timeout_hours,
        )?;
        above_zero(
            "monitoring.report_interval_hours",
            self.report_interval_hours,
        )
    }
}
