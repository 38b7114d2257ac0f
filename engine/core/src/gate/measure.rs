//! What is measured of a device after an update, beside whether it succeeded.

use fleetfold_schemas::campaign::HealthMetric;
use minicbor::{Decode, Encode};

/// Figures are whole numbers of the measure's smallest unit. The numbers are those of facts and of a snapshot.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, serde::Serialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// From power-on to ready, in milliseconds.
    #[n(0)]
    BootTime,
    /// Hundredths of a percent of the battery's capacity a day.
    #[n(1)]
    BatteryDrain,
    /// Millionths of a reboot a day.
    #[n(2)]
    RebootRate,
    /// 0 to 100 points; the one that is better when higher.
    #[n(3)]
    HealthScore,
}

impl Measure {
    pub const ALL: [Self; 4] = [
        Self::BootTime,
        Self::BatteryDrain,
        Self::RebootRate,
        Self::HealthScore,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BootTime => "boot_time",
            Self::BatteryDrain => "battery_drain",
            Self::RebootRate => "reboot_rate",
            Self::HealthScore => "health_score",
        }
    }

    /// What people count it in.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::BootTime => "ms",
            Self::BatteryDrain => "% a day",
            Self::RebootRate => "reboots a day",
            Self::HealthScore => "points",
        }
    }

    /// How many of the smallest unit make one of [`Measure::unit`].
    #[must_use]
    pub const fn units(self) -> u32 {
        match self {
            Self::BootTime | Self::HealthScore => 1,
            Self::BatteryDrain => 100,
            Self::RebootRate => 1_000_000,
        }
    }

    /// A figure as people count it.
    #[must_use]
    pub fn in_unit(self, figure: f64) -> f64 {
        figure / f64::from(self.units())
    }

    #[must_use]
    pub const fn is_worse_when_higher(self) -> bool {
        match self {
            Self::BootTime | Self::BatteryDrain | Self::RebootRate => true,
            Self::HealthScore => false,
        }
    }
}

impl From<HealthMetric> for Measure {
    fn from(metric: HealthMetric) -> Self {
        match metric {
            HealthMetric::BootTime => Self::BootTime,
            HealthMetric::BatteryDrain => Self::BatteryDrain,
            HealthMetric::RebootRate => Self::RebootRate,
        }
    }
}
