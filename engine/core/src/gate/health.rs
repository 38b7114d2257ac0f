//! Gates on how the updated devices are doing: boot time, battery drain, reboots.
//!
//! Two comparisons, each by an asymptotic confidence sequence ([`mean`](super::mean)), so that one may look after every
//! figure. Against their own past: the mean of the changes device by device, which a fleet of unequal devices does not
//! blur. Against those not yet updated: with each device that accepts its job, one that has not is noted down, and how its
//! figure has changed by the time the other's counts is subtracted. So what changed for everybody, a heat wave or a holiday,
//! is not the release's fault; nor can it hide a fault, for both changes run over the same time. Neither does it matter
//! which devices go first, as long as chance chooses the partner among their like.
//!
//! A measure is worse when the whole interval of its degradation lies beyond the margin. At margin zero, a release that
//! changes nothing is paused with probability alpha at most over the whole campaign; a margin makes it less. Several
//! measures split alpha.

use fleetfold_schemas::campaign::Against;

use super::{
    Estimate,
    mean::{self, COUNT_MIN, Tuning},
    measure::Measure,
    moments::Moments,
    special::count,
};

/// Where the intervals are shortest: at a canary's size. At a thousand times as many devices they are a third longer than
/// they could be, which is nothing beside how short they are by then; planned for those, they would be four times as long
/// here.
pub const PLANNED: u64 = 2 * COUNT_MIN;

/// One measure of the updated devices, in its smallest unit: one figure a device. The numbers are those of a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Figures {
    /// As it was before the update.
    #[n(0)]
    pub before: Moments,
    /// After less before, device by device.
    #[n(1)]
    pub change: Moments,
    /// That change less the change of a device not updated, over the same time, of those that had one to go with.
    #[n(2)]
    pub excess: Moments,
}

impl Figures {
    /// `others` is the change of the device not updated.
    pub fn push(&mut self, before: u32, after: u32, others: Option<i64>) {
        let change = i64::from(after) - i64::from(before);
        self.before.push(f64::from(before));
        self.change.push(exact(change));
        if let Some(others) = others {
            self.excess.push(exact(change - others));
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "differences of u32 are far below 2^53"
)]
fn exact(figure: i64) -> f64 {
    figure as f64
}

/// By how much a measure may become worse: whichever is more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margin {
    /// Of the mean before, as a ratio.
    pub share: f64,
    /// In the measure's smallest unit.
    pub least: f64,
}

/// What is known of one measure, and how it is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed<'a> {
    pub measure: Measure,
    pub against: Against,
    pub margin: Margin,
    pub figures: &'a Figures,
}

/// By how much a measure has become worse, in its smallest unit; above zero is worse, also where higher is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Degradation {
    pub measure: Measure,
    pub before: f64,
    pub margin: f64,
    pub devices: u64,
    /// `None` where it is not asked for.
    pub against_past: Option<Estimate>,
    /// How many of the devices had another to go with.
    pub pairs: u64,
    /// `None` where it is not asked for, or nobody is left to compare with.
    pub against_others: Option<Estimate>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Assessment {
    /// Too few updated devices have reported to say anything.
    TooFew { devices: u64, needed: u64 },
    /// Neither shown to be worse by more than the margin nor not to be.
    Open(Degradation),
    /// Shown not to be worse by more than the margin.
    Bearable(Degradation),
    /// Shown to be worse by more than the margin.
    Worse(Degradation),
}

impl Observed<'_> {
    /// For one measure, with its share of alpha.
    #[must_use]
    pub fn assess(&self, alpha: f64) -> Assessment {
        let tuning = Tuning {
            alpha,
            planned: PLANNED,
        };
        let Figures {
            before,
            change,
            excess,
        } = self.figures;
        let past = || mean::one(change, tuning).map(|estimate| self.as_worse(estimate));
        let others = || mean::one(excess, tuning).map(|estimate| self.as_worse(estimate));
        let too_few = |figures: &Moments| Assessment::TooFew {
            devices: figures.count,
            needed: COUNT_MIN,
        };
        let (against_past, against_others) = match self.against {
            Against::OwnPast => (past(), None),
            Against::NotUpdated => (None, others()),
            Against::Both => (past(), others()),
        };
        let is_known = match self.against {
            Against::OwnPast => against_past.is_some(),
            Against::NotUpdated if against_others.is_none() => return too_few(excess),
            Against::NotUpdated => true,
            Against::Both if against_others.is_none() => {
                against_past.is_some() && is_nobody_left(change.count, excess.count)
            }
            Against::Both => true,
        };
        if !is_known {
            return too_few(change);
        }
        let margin = (before.mean * self.margin.share).max(self.margin.least);
        let degradation = Degradation {
            measure: self.measure,
            before: before.mean,
            margin,
            devices: change.count,
            against_past,
            pairs: excess.count,
            against_others,
        };
        let estimates = || [against_past, against_others].into_iter().flatten();
        // Both err with probability alpha at most, so that both do is no likelier.
        if estimates().all(|estimate| estimate.low > margin) {
            Assessment::Worse(degradation)
        } else if estimates().any(|estimate| estimate.high <= margin) {
            Assessment::Bearable(degradation)
        } else {
            Assessment::Open(degradation)
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

/// Less than three quarters had another to go with: it is no use to wait for more.
fn is_nobody_left(devices: u64, pairs: u64) -> bool {
    count(pairs) < 0.75 * count(devices)
}

#[cfg(test)]
mod tests {
    use super::super::{simulated::Random, split};
    use super::*;

    const ALPHA: f64 = 0.05;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "figures of tests are small and above zero"
    )]
    fn whole(figure: f64) -> u32 {
        libm::round(figure).max(0.0) as u32
    }

    /// Devices whose boot times differ widely, each slower afterwards by `slower`, beside others that became slower by
    /// `others`, if there are any.
    fn fleet(random: &mut Random, devices: u32, slower: f64, others: Option<f64>) -> Figures {
        let mut figures = Figures::default();
        for _ in 0..devices {
            let usual = random.normal(2_000.0, 400.0).max(500.0);
            let mut boot = |slower| whole(usual + random.normal(slower, 50.0));
            let (before, after) = (boot(0.0), boot(slower));
            let others = others.map(|slower| i64::from(boot(slower)) - i64::from(boot(0.0)));
            figures.push(before, after, others);
        }
        figures
    }

    fn boot_time(figures: &Figures, against: Against) -> Observed<'_> {
        Observed {
            measure: Measure::BootTime,
            against,
            margin: Margin {
                share: 0.05,
                least: 0.0,
            },
            figures,
        }
    }

    fn is_worse(figures: &Figures, against: Against) -> bool {
        matches!(
            boot_time(figures, against).assess(ALPHA),
            Assessment::Worse(_)
        )
    }

    #[test]
    fn a_boot_that_became_slower_than_the_margin_is_worse_with_its_numbers() {
        let figures = fleet(&mut Random::new(6), 100, 200.0, None);
        let Assessment::Worse(worse) = boot_time(&figures, Against::Both).assess(ALPHA) else {
            panic!("it is worse");
        };
        assert_eq!((worse.measure, worse.devices), (Measure::BootTime, 100));
        assert_eq!(worse.against_others, None);
        assert!((90.0..110.0).contains(&worse.margin), "{}", worse.margin);
        let past = worse.against_past.expect("it is asked for");
        assert!(past.low > 100.0 && past.low < 200.0);
        assert!(past.high > 200.0 && past.high < 250.0);
    }

    #[test]
    fn the_larger_margin_counts() {
        let figures = fleet(&mut Random::new(6), 100, 200.0, None);
        let mut observed = boot_time(&figures, Against::OwnPast);
        observed.margin.least = 150.0;
        assert!(matches!(observed.assess(ALPHA), Assessment::Worse(_)));
        observed.margin.least = 190.0;
        assert!(matches!(observed.assess(ALPHA), Assessment::Open(_)));
        observed.margin.least = 300.0;
        assert!(matches!(observed.assess(ALPHA), Assessment::Bearable(_)));
    }

    #[test]
    fn what_became_worse_for_everybody_is_not_the_releases_fault() {
        let figures = fleet(&mut Random::new(8), 100, 300.0, Some(300.0));
        assert!(!is_worse(&figures, Against::Both));
        assert!(!is_worse(&figures, Against::NotUpdated));
        assert!(is_worse(&figures, Against::OwnPast));
        // Beside others that are as they were, the very same change is.
        let figures = fleet(&mut Random::new(8), 100, 300.0, Some(0.0));
        assert!(is_worse(&figures, Against::Both));
    }

    #[test]
    fn what_became_better_for_the_others_alone_is_seen_by_those_who_look_at_them() {
        let figures = fleet(&mut Random::new(9), 100, 0.0, Some(-300.0));
        assert!(is_worse(&figures, Against::NotUpdated));
        assert!(!is_worse(&figures, Against::Both));
    }

    #[test]
    fn where_others_are_to_be_had_their_figures_are_awaited() {
        let mut random = Random::new(10);
        let mut figures = fleet(&mut random, 45, 300.0, Some(0.0));
        let more = fleet(&mut random, 14, 300.0, None);
        figures.before = figures.before.merge(more.before);
        figures.change = figures.change.merge(more.change);
        let both = boot_time(&figures, Against::Both).assess(ALPHA);
        let (devices, needed) = (59, 50);
        assert_eq!(both, Assessment::TooFew { devices, needed });
        // Three of four had a partner so far; one less, and its own past decides.
        figures.change = figures
            .change
            .merge(fleet(&mut random, 2, 300.0, None).change);
        assert!(is_worse(&figures, Against::Both));
        let alone = boot_time(&figures, Against::NotUpdated).assess(ALPHA);
        let devices = 45;
        assert_eq!(alone, Assessment::TooFew { devices, needed });
    }

    #[test]
    fn too_few_updated_devices_say_so() {
        let figures = fleet(&mut Random::new(10), 49, 9_000.0, Some(0.0));
        let (devices, needed) = (49, 50);
        for against in [Against::OwnPast, Against::NotUpdated, Against::Both] {
            let assessment = boot_time(&figures, against).assess(ALPHA);
            assert_eq!(assessment, Assessment::TooFew { devices, needed });
        }
    }

    #[test]
    fn a_health_score_is_worse_when_it_falls() {
        let assess = |change| {
            let figures = fleet(&mut Random::new(11), 200, change, None);
            let score = Observed {
                measure: Measure::HealthScore,
                ..boot_time(&figures, Against::OwnPast)
            };
            score.assess(ALPHA)
        };
        assert!(matches!(
            assess(-300.0),
            Assessment::Worse(Degradation { against_past: Some(past), .. }) if past.value > 100.0
        ));
        assert!(matches!(assess(300.0), Assessment::Bearable(_)));
    }

    #[test]
    fn a_release_that_changes_nothing_is_paused_no_more_often_than_stated() {
        // Two measures at margin zero, one of them counts of rare events over a longer time before than after, looked at
        // after every device.
        let mut random = Random::new(12);
        let (campaigns, mut paused) = (1_000, 0);
        for campaign in 0..campaigns {
            let against = [Against::OwnPast, Against::NotUpdated][campaign as usize % 2];
            let (mut boots, mut reboots) = (Figures::default(), Figures::default());
            paused += u32::from((0..600).any(|_| {
                let mut boot = || whole(random.normal(20_000.0, 3_000.0));
                let (before, after, others) = (boot(), boot(), [boot(), boot()]);
                let change = |[before, after]: [u32; 2]| i64::from(after) - i64::from(before);
                boots.push(before, after, Some(change(others)));
                let mut rate = |days: f64| whole(random.poisson(0.2 * days) / days * 1e6);
                let (before, after, others) = (rate(8.0), rate(1.0), [rate(8.0), rate(1.0)]);
                reboots.push(before, after, Some(change(others)));
                [(Measure::BootTime, &boots), (Measure::RebootRate, &reboots)]
                    .into_iter()
                    .any(|(measure, figures)| {
                        let observed = Observed {
                            measure,
                            against,
                            margin: Margin {
                                share: 0.0,
                                least: 0.0,
                            },
                            figures,
                        };
                        matches!(observed.assess(split(ALPHA, 2)), Assessment::Worse(_))
                    })
            }));
        }
        assert!(paused > 0 && paused <= campaigns / 20, "{paused}");
    }
}
