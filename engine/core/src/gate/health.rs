//! Gates on how the updated devices are doing: boot time, battery drain, reboots.
//!
//! Two comparisons, each by an asymptotic confidence sequence ([`mean`](super::mean)), so that one may look after every
//! report. Against their own past: the mean of the differences device by device, which a fleet of unequal devices does not
//! blur. Against those not yet updated: what changed for everybody, a heat wave or a holiday, is not the release's fault.
//! A measure is worse when the whole interval of its degradation lies beyond the margin; where there are enough devices
//! not yet updated to compare with, both comparisons must say so. At margin zero, a release that changes nothing is paused
//! with probability alpha at most over the whole campaign and all measures; a margin makes it less.

use super::{
    Estimate,
    mean::{self, COUNT_MIN, Tuning},
    measure::Measure,
    moments::Moments,
    split,
};

/// The same devices before and after, in the measure's unit: one pair of figures a device, each the mean of its own reports
/// over a time of the same length.
#[derive(Debug, Clone, Copy, Default, PartialEq, minicbor::Encode, minicbor::Decode)]
pub struct Paired {
    #[n(0)]
    pub before: Moments,
    #[n(1)]
    pub after: Moments,
    /// After less before, device by device.
    #[n(2)]
    pub change: Moments,
}

impl Paired {
    pub fn push(&mut self, before: f64, after: f64) {
        self.before.push(before);
        self.after.push(after);
        self.change.push(after - before);
    }
}

/// The devices not yet updated: one figure a device. With fewer than [`COUNT_MIN`] of them, there is nothing to compare with
/// and their own past decides alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Control {
    None,
    /// Their figures over the time that counts as after for the updated ones. Fair if chance chose who was updated.
    Levels(Moments),
    /// By how much their figures changed, after less before, over the same times. Fair as well if the updated ones are of
    /// another kind.
    Changes(Moments),
}

/// What is known of one measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    pub measure: Measure,
    /// By how much it may become worse, in its unit; zero or above.
    pub margin: f64,
    pub updated: Paired,
    pub control: Control,
}

/// By how much a measure has become worse, in its unit; above zero is worse, also where higher is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Degradation {
    pub measure: Measure,
    pub margin: f64,
    pub against_past: Estimate,
    /// `None` if too few devices are not yet updated.
    pub against_control: Option<Estimate>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Assessment {
    /// Too few updated devices have reported to say anything.
    TooFew { devices: u64, needed: u64 },
    /// Not shown to be worse by more than the margin.
    Bearable(Degradation),
    /// Shown to be worse by more than the margin.
    Worse(Degradation),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    Hold,
    /// The first measure, in the order given, that is worse.
    Pause(Degradation),
}

/// Judges all measures together. `alpha` is the probability of pausing a release that makes nothing worse; `planned` is how
/// many updated devices are expected to report, and is fixed for the campaign, as is the list of measures.
#[must_use]
pub fn judge(observed: &[Observed], alpha: f64, planned: u64) -> Verdict {
    let alpha = split(alpha, observed.len());
    observed
        .iter()
        .find_map(|one| match one.assess(Tuning { alpha, planned }) {
            Assessment::Worse(degradation) => Some(Verdict::Pause(degradation)),
            Assessment::TooFew { .. } | Assessment::Bearable(_) => None,
        })
        .unwrap_or(Verdict::Hold)
}

impl Observed {
    /// For one measure, with its share of alpha; see [`judge`].
    #[must_use]
    pub fn assess(&self, tuning: Tuning) -> Assessment {
        let Some(change) = mean::one(&self.updated.change, tuning) else {
            return Assessment::TooFew {
                devices: self.updated.change.count,
                needed: COUNT_MIN,
            };
        };
        let degradation = Degradation {
            measure: self.measure,
            margin: self.margin,
            against_past: self.as_worse(change),
            against_control: self.against_control(tuning).map(|e| self.as_worse(e)),
        };
        let is_worse = |estimate: &Estimate| estimate.low > self.margin;
        // Both err with probability alpha at most, so that both do is no likelier.
        if is_worse(&degradation.against_past)
            && degradation.against_control.as_ref().is_none_or(is_worse)
        {
            Assessment::Worse(degradation)
        } else {
            Assessment::Bearable(degradation)
        }
    }

    fn against_control(&self, tuning: Tuning) -> Option<Estimate> {
        match &self.control {
            Control::None => None,
            Control::Levels(levels) => {
                mean::difference_of_unequal(levels, &self.updated.after, tuning)
            }
            Control::Changes(changes) => {
                mean::difference_of_unequal(changes, &self.updated.change, tuning)
            }
        }
    }

    fn as_worse(&self, change: Estimate) -> Estimate {
        if self.measure.is_worse_when_higher() {
            change
        } else {
            Estimate {
                value: -change.value,
                low: -change.high,
                high: -change.low,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::simulated::Random;
    use super::*;

    const ALPHA: f64 = 0.05;
    const PLANNED: u64 = 400;

    /// Devices whose boot times differ widely, each slower afterwards by `slower`.
    fn fleet(random: &mut Random, devices: u32, slower: f64) -> Paired {
        let mut paired = Paired::default();
        for _ in 0..devices {
            let usual = random.normal(2_000.0, 500.0);
            paired.push(
                usual + random.normal(0.0, 50.0),
                usual + random.normal(slower, 50.0),
            );
        }
        paired
    }

    fn boot_time(updated: Paired, control: Control) -> Observed {
        Observed {
            measure: Measure::BootTime,
            margin: 100.0,
            updated,
            control,
        }
    }

    #[test]
    fn a_boot_that_became_slower_than_the_margin_pauses_with_its_numbers() {
        let updated = fleet(&mut Random::new(6), 100, 200.0);
        let Verdict::Pause(worse) = judge(&[boot_time(updated, Control::None)], ALPHA, PLANNED)
        else {
            panic!("it is worse");
        };
        assert_eq!(worse.measure, Measure::BootTime);
        assert_eq!(worse.against_control, None);
        assert!(worse.against_past.low > 100.0 && worse.against_past.low < 200.0);
        assert!(worse.against_past.high > 200.0 && worse.against_past.high < 250.0);
    }

    #[test]
    fn a_boot_slower_by_less_than_the_margin_is_bearable() {
        let updated = fleet(&mut Random::new(7), 100, 80.0);
        let observed = boot_time(updated, Control::None);
        assert_eq!(judge(&[observed], ALPHA, PLANNED), Verdict::Hold);
        let tuning = Tuning {
            alpha: ALPHA,
            planned: PLANNED,
        };
        assert!(matches!(observed.assess(tuning), Assessment::Bearable(_)));
    }

    #[test]
    fn what_became_worse_for_everybody_is_not_the_releases_fault() {
        let mut random = Random::new(8);
        let updated = fleet(&mut random, 100, 300.0);
        let others = fleet(&mut random, 2_000, 300.0);
        for control in [
            Control::Levels(others.after),
            Control::Changes(others.change),
        ] {
            assert_eq!(
                judge(&[boot_time(updated, control)], ALPHA, PLANNED),
                Verdict::Hold
            );
        }
        // Beside others that are as they were, the very same figures pause.
        let others = fleet(&mut random, 2_000, 0.0);
        let control = Control::Changes(others.change);
        assert!(matches!(
            judge(&[boot_time(updated, control)], ALPHA, PLANNED),
            Verdict::Pause(_)
        ));
    }

    #[test]
    fn a_handful_of_others_is_no_control() {
        let mut random = Random::new(9);
        let updated = fleet(&mut random, 100, 300.0);
        let others = fleet(&mut random, 49, 300.0);
        let control = Control::Changes(others.change);
        assert!(matches!(
            judge(&[boot_time(updated, control)], ALPHA, PLANNED),
            Verdict::Pause(Degradation {
                against_control: None,
                ..
            })
        ));
    }

    #[test]
    fn too_few_updated_devices_say_so() {
        let updated = fleet(&mut Random::new(10), 49, 9_000.0);
        let observed = boot_time(updated, Control::None);
        let tuning = Tuning {
            alpha: ALPHA,
            planned: PLANNED,
        };
        assert_eq!(
            observed.assess(tuning),
            Assessment::TooFew {
                devices: 49,
                needed: 50
            }
        );
        assert_eq!(judge(&[observed], ALPHA, PLANNED), Verdict::Hold);
    }

    #[test]
    fn a_health_score_is_worse_when_it_falls() {
        let score = |change| Observed {
            measure: Measure::HealthScore,
            margin: 5.0,
            updated: fleet(&mut Random::new(11), 200, change),
            control: Control::None,
        };
        assert!(matches!(
            judge(&[score(-30.0)], ALPHA, PLANNED),
            Verdict::Pause(Degradation { against_past, .. }) if against_past.value > 5.0
        ));
        assert_eq!(judge(&[score(30.0)], ALPHA, PLANNED), Verdict::Hold);
    }

    #[test]
    fn a_release_that_changes_nothing_is_paused_no_more_often_than_stated() {
        // Two measures at margin zero, one of them counts of rare events, looked at after every device.
        let mut random = Random::new(12);
        let (campaigns, mut paused) = (1_000, 0);
        for _ in 0..campaigns {
            let (mut boots, mut reboots) = (Paired::default(), Paired::default());
            paused += u32::from((0..600).any(|_| {
                boots.push(random.normal(20.0, 3.0), random.normal(20.0, 3.0));
                reboots.push(random.poisson(0.2), random.poisson(0.2));
                let observed = [(Measure::BootTime, boots), (Measure::RebootRate, reboots)].map(
                    |(measure, updated)| Observed {
                        measure,
                        margin: 0.0,
                        updated,
                        control: Control::None,
                    },
                );
                judge(&observed, ALPHA, PLANNED) != Verdict::Hold
            }));
        }
        assert!(paused > 0 && paused <= campaigns / 20, "{paused}");
    }
}
