//! Gates on how devices are doing after the update: what they report of themselves, not whether it succeeded.

use alloc::format;

use serde::{Deserialize, Serialize};

use super::{
    BasisPoints, Days, Hours, SpecError,
    check::above_zero,
    layer::{layered, said},
};

/// What updated devices are watched for. What is not named is not looked at: what is usual differs from fleet to fleet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HealthGates {
    /// From power-on to the end of the self-test.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    pub boot_time: Option<BootTimeGate>,
    /// Of the battery's capacity a day.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    pub battery_drain: Option<BatteryDrainGate>,
    /// Reboots that nobody asked for.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    pub reboot_rate: Option<RebootRateGate>,
}

layered!(HealthGates {
    boot_time,
    battery_drain,
    reboot_rate,
});

/// What a figure is held against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The same device's figure before the update.
    OwnPast,
    /// How the figure of a device of the same group that is not updated has changed meanwhile.
    NotUpdated,
    /// Both must be worse. Where nearly all are updated there is nobody left to compare with, and its own past decides.
    #[default]
    Both,
}

/// What a gate looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthMetric {
    BootTime,
    BatteryDrain,
    RebootRate,
}

impl HealthMetric {
    /// As authors write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BootTime => "boot_time",
            Self::BatteryDrain => "battery_drain",
            Self::RebootRate => "reboot_rate",
        }
    }
}

/// One gate, whatever it looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthRule {
    pub against: Against,
    /// Bearable: worse by this share of what was before.
    pub worse_by: BasisPoints,
    /// Bearable, too, if that is more: in the smallest unit of what is looked at.
    pub at_least: u64,
    pub required: bool,
    /// How long after the update a figure counts.
    pub over_ms: u64,
}

macro_rules! gates {
    ($($(#[$doc:meta])* $name:ident { $(#[$least_doc:meta])* $least:ident: $type:ty = $none:expr, $into:expr, $($over:ident = $hours:literal)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
            #[serde(deny_unknown_fields, default)]
            pub struct $name {
                pub against: Against,
                /// Worse by so much of what it was before is bearable.
                pub worse_by: BasisPoints,
                $(#[$least_doc])*
                pub $least: $type,
                /// A phase waits until it is shown that nothing is worse by more than that, or all its devices have brought
                /// their figures.
                pub required: bool,
                $(
                    /// How long after its update a device's figure counts.
                    pub $over: Hours,
                )?
            }

            impl Default for $name {
                fn default() -> Self {
                    Self {
                        against: Against::default(),
                        worse_by: BasisPoints::from_percent(10),
                        $least: $none,
                        required: false,
                        $($over: Hours::of($hours),)?
                    }
                }
            }

            impl $name {
                /// Without its units.
                #[must_use]
                pub fn rule(&self) -> HealthRule {
                    let into: fn($type) -> u64 = $into;
                    HealthRule {
                        against: self.against,
                        worse_by: self.worse_by,
                        at_least: into(self.$least),
                        required: self.required,
                        over_ms: 0 $(+ self.$over.ms())?,
                    }
                }
            }

            impl super::layer::Layer for $name {
                fn over(self, _: &Self) -> Self {
                    self
                }
            }
        )*
    };
}

gates! {
    /// How long devices take to boot.
    BootTimeGate {
        /// And so is worse by so many milliseconds.
        at_least_ms: u32 = 0, u64::from,
    }
    /// How fast batteries run down.
    BatteryDrainGate {
        /// And so is worse by so many percent of the battery's capacity a day.
        at_least_percent_a_day: BasisPoints = BasisPoints::from_percent(0), |points| points.get().into(),
        over_hours = 6
    }
    /// How often devices reboot without having been asked to.
    RebootRateGate {
        /// And so is worse by so many reboots in a thousand days of a device.
        at_least_per_1000_days: u32 = 0, |count| u64::from(count) * MILLIONTHS_OF_A_THOUSANDTH,
        over_hours = 6
    }
}

/// Rates of reboots are counted in millionths a day.
const MILLIONTHS_OF_A_THOUSANDTH: u64 = 1000;

impl HealthGates {
    /// Those that are named.
    pub fn rules(&self) -> impl Iterator<Item = (HealthMetric, HealthRule)> + use<> {
        let rules = [
            (
                HealthMetric::BootTime,
                self.boot_time.map(|gate| gate.rule()),
            ),
            (
                HealthMetric::BatteryDrain,
                self.battery_drain.map(|gate| gate.rule()),
            ),
            (
                HealthMetric::RebootRate,
                self.reboot_rate.map(|gate| gate.rule()),
            ),
        ];
        rules
            .into_iter()
            .filter_map(|(metric, rule)| Some((metric, rule?)))
    }

    /// `key` is where they stand in the description.
    pub(super) fn check(&self, key: &str, max_rollout: Days) -> Result<(), SpecError> {
        if self.rules().next().is_none() {
            return Err(SpecError::new(
                key,
                "nothing is looked at",
                "allowed are boot_time, battery_drain and reboot_rate, at least one",
            ));
        }
        for (metric, rule) in self.rules() {
            let name = metric.as_str();
            if rule.required && rule.worse_by.get() == 0 && rule.at_least == 0 {
                return Err(SpecError::new(
                    format!("{key}.{name}.required"),
                    "that nothing at all is worse can never be shown",
                    "it stands with worse_by above 0, or with an at_least_... above 0",
                ));
            }
            if rule.over_ms >= max_rollout.ms() {
                return Err(SpecError::new(
                    format!("{key}.{name}.over_hours"),
                    "the campaign is over before any figure counts",
                    "allowed is less than max_rollout_days",
                ));
            }
        }
        match self.reboot_rate {
            Some(gate) => above_zero(&format!("{key}.reboot_rate.over_hours"), gate.over_hours),
            None => Ok(()),
        }
    }

    /// A phase may judge otherwise, but by the figures that there are.
    pub(super) fn check_within(&self, key: &str, campaign: Option<&Self>) -> Result<(), SpecError> {
        for (metric, rule) in self.rules() {
            let name = metric.as_str();
            let whole = campaign.and_then(|all| all.rules().find(|(other, _)| *other == metric));
            match whole {
                Some((_, whole)) if whole.over_ms == rule.over_ms => {}
                Some(_) => {
                    return Err(SpecError::new(
                        format!("{key}.{name}.over_hours"),
                        "figures are taken once, for the whole campaign",
                        "allowed is the same as in gates.health",
                    ));
                }
                None => {
                    return Err(SpecError::new(
                        format!("{key}.{name}"),
                        "its figures are not kept",
                        "allowed is what gates.health names",
                    ));
                }
            }
        }
        Ok(())
    }
}
