//! What is measured of a device after an update, beside whether it succeeded.

use minicbor::{Decode, Encode};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Measure {
    /// From power-on to ready, in milliseconds.
    #[n(0)]
    BootTime,
    /// Percent of the battery's capacity a day.
    #[n(1)]
    BatteryDrain,
    /// Reboots a day.
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
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BootTime => "boot_time",
            Self::BatteryDrain => "battery_drain",
            Self::RebootRate => "reboot_rate",
            Self::HealthScore => "health_score",
        }
    }

    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::BootTime => "ms",
            Self::BatteryDrain => "% a day",
            Self::RebootRate => "reboots a day",
            Self::HealthScore => "points",
        }
    }

    #[must_use]
    pub fn is_worse_when_higher(self) -> bool {
        match self {
            Self::BootTime | Self::BatteryDrain | Self::RebootRate => true,
            Self::HealthScore => false,
        }
    }
}
