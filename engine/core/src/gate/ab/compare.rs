//! The verdict over all metrics of a comparison.

use alloc::vec::Vec;

use libm::log;

use super::{Arm, PerArm, blocks::Blocks, sample_ratio::SampleRatio};
use crate::gate::{
    Estimate,
    mean::{self, COUNT_MIN, Tuning},
    measure::Measure,
    moments::Moments,
    special::count,
    split,
};

/// What was laid down before the first outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// The probability of calling either arm better when they are alike, over all metrics; and, on its own, that of calling
    /// a fair split a mismatch.
    pub alpha: f64,
    /// The intended share of arm A, strictly between 0 and 1.
    pub share_a: f64,
    /// Devices planned, in both arms together.
    pub planned: u64,
}

/// What has been observed.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Devices in each arm that the comparison is made of.
    pub devices: PerArm<u64>,
    /// `None` if success rates are not compared.
    pub success_rate: Option<&'a Blocks>,
    /// The other metrics, one figure a device, the most important first. Like the plan, the list does not change.
    pub measures: &'a [(Measure, PerArm<Moments>)],
    /// Whether the time of the test is over.
    pub is_over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    SuccessRate,
    Mean(Measure),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub verdict: Verdict,
    /// Every metric's numbers, success rate first; none if the comparison is invalid, for they would mislead.
    pub findings: Vec<Finding>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// The arms do not have the sizes that they should: no winner, whatever the figures say.
    Invalid(SampleRatio),
    TooEarly(TooEarly),
    /// The test is over, and no metric has shown a difference.
    NoDifference,
    /// At least one metric has shown this arm to be better, and none the other. The numbers are in the metric's finding.
    Better {
        arm: Arm,
        by: Metric,
    },
    /// Each arm is better by some metric: what counts more is for people to say.
    Mixed(PerArm<Metric>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooEarly {
    /// A metric has too few devices in one arm to show that there is no difference.
    TooFew {
        metric: Metric,
        devices: PerArm<u64>,
        needed: u64,
    },
    /// No metric has shown a difference as yet, and the test goes on.
    Undecided,
}

/// What one metric shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Finding {
    SuccessRate {
        outcomes: PerArm<u64>,
        /// Of all outcomes; `None` without one.
        rates: PerArm<Option<f64>>,
        blocks: u64,
        ln_e: f64,
        /// A difference is shown at this or above.
        ln_limit: f64,
        better: Option<Arm>,
    },
    Mean {
        measure: Measure,
        devices: PerArm<u64>,
        means: PerArm<f64>,
        /// B less A, in the measure's unit; `None` as long as one arm has too few devices.
        difference: Option<Estimate>,
        better: Option<Arm>,
    },
}

/// Compares the arms. It may be asked after every outcome.
#[must_use]
pub fn compare(plan: &Plan, evidence: &Evidence) -> Comparison {
    let ratio = SampleRatio::check(evidence.devices, plan.share_a, plan.alpha);
    if ratio.is_mismatch() {
        return Comparison {
            verdict: Verdict::Invalid(ratio),
            findings: Vec::new(),
        };
    }
    let metrics = usize::from(evidence.success_rate.is_some()) + evidence.measures.len();
    let tuning = Tuning {
        alpha: split(plan.alpha, metrics),
        planned: plan.planned,
    };
    let of_rate = evidence
        .success_rate
        .map(|blocks| Finding::of_success_rate(blocks, tuning.alpha));
    let of_means = evidence
        .measures
        .iter()
        .map(|(measure, arms)| Finding::of_mean(*measure, arms, tuning));
    let findings: Vec<_> = of_rate.into_iter().chain(of_means).collect();
    Comparison {
        verdict: verdict(&findings, evidence.is_over),
        findings,
    }
}

fn verdict(findings: &[Finding], is_over: bool) -> Verdict {
    let better_by = |arm| {
        findings
            .iter()
            .find(|finding| finding.better() == Some(arm))
            .map(Finding::metric)
    };
    match (better_by(Arm::A), better_by(Arm::B)) {
        (Some(a), Some(b)) => Verdict::Mixed(PerArm { a, b }),
        (Some(by), None) => Verdict::Better { arm: Arm::A, by },
        (None, Some(by)) => Verdict::Better { arm: Arm::B, by },
        (None, None) => match findings.iter().find_map(Finding::too_few) {
            Some(too_few) => Verdict::TooEarly(too_few),
            None if is_over => Verdict::NoDifference,
            None => Verdict::TooEarly(TooEarly::Undecided),
        },
    }
}

impl Finding {
    fn of_success_rate(blocks: &Blocks, alpha: f64) -> Self {
        let (outcomes, succeeded) = (blocks.outcomes(), blocks.succeeded());
        let rate = |arm| match *outcomes.of(arm) {
            0 => None,
            all => Some(count(*succeeded.of(arm)) / count(all)),
        };
        Self::SuccessRate {
            outcomes,
            rates: PerArm {
                a: rate(Arm::A),
                b: rate(Arm::B),
            },
            blocks: blocks.count(),
            ln_e: blocks.ln_e(),
            ln_limit: -log(alpha),
            better: blocks.better(alpha),
        }
    }

    fn of_mean(measure: Measure, arms: &PerArm<Moments>, tuning: Tuning) -> Self {
        let difference = mean::difference(&arms.a, &arms.b, tuning);
        let higher = difference.and_then(|of| {
            if of.low > 0.0 {
                Some(Arm::B)
            } else if of.high < 0.0 {
                Some(Arm::A)
            } else {
                None
            }
        });
        Self::Mean {
            measure,
            devices: arms.map(|arm| arm.count),
            means: arms.map(|arm| arm.mean),
            difference,
            better: if measure.is_worse_when_higher() {
                higher.map(Arm::other)
            } else {
                higher
            },
        }
    }

    #[must_use]
    pub fn metric(&self) -> Metric {
        match self {
            Self::SuccessRate { .. } => Metric::SuccessRate,
            Self::Mean { measure, .. } => Metric::Mean(*measure),
        }
    }

    /// The arm that this metric has shown to be better.
    #[must_use]
    pub fn better(&self) -> Option<Arm> {
        match self {
            Self::SuccessRate { better, .. } | Self::Mean { better, .. } => *better,
        }
    }

    fn too_few(&self) -> Option<TooEarly> {
        let devices = match self {
            Self::SuccessRate { outcomes, .. } => *outcomes,
            Self::Mean { devices, .. } => *devices,
        };
        (devices.a.min(devices.b) < COUNT_MIN).then(|| TooEarly::TooFew {
            metric: self.metric(),
            devices,
            needed: COUNT_MIN,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::simulated::Random;

    const PLAN: Plan = Plan {
        alpha: 0.05,
        share_a: 0.5,
        planned: 400,
    };

    fn blocks(devices: u32, rates: PerArm<f64>) -> Blocks {
        let mut random = Random::new(16);
        let mut blocks = Blocks::default();
        for _ in 0..devices {
            blocks.push(Arm::A, random.happens(rates.a));
            blocks.push(Arm::B, random.happens(rates.b));
        }
        blocks
    }

    fn seconds(a: f64, b: f64) -> PerArm<Moments> {
        PerArm {
            a: Moments::of(200, a, 2.0),
            b: Moments::of(200, b, 2.4),
        }
    }

    fn evidence<'a>(
        success_rate: Option<&'a Blocks>,
        measures: &'a [(Measure, PerArm<Moments>)],
    ) -> Evidence<'a> {
        Evidence {
            devices: PerArm { a: 200, b: 200 },
            success_rate,
            measures,
            is_over: true,
        }
    }

    #[test]
    fn arms_of_the_wrong_size_have_no_winner_however_clear_the_figures() {
        let measures = [(Measure::BootTime, seconds(12.0, 99.0))];
        let comparison = compare(
            &PLAN,
            &Evidence {
                devices: PerArm { a: 5_200, b: 4_800 },
                ..evidence(None, &measures)
            },
        );
        assert!(matches!(
            comparison.verdict,
            Verdict::Invalid(ratio) if (ratio.factor() - 274.133).abs() < 1e-3
        ));
        assert!(comparison.findings.is_empty());
    }

    #[test]
    fn the_arm_with_the_faster_boot_is_better_and_the_numbers_say_so() {
        let measures = [(Measure::BootTime, seconds(12.0, 12.9))];
        let comparison = compare(&PLAN, &evidence(None, &measures));
        assert_eq!(
            comparison.verdict,
            Verdict::Better {
                arm: Arm::A,
                by: Metric::Mean(Measure::BootTime)
            }
        );
        let [Finding::Mean { difference, .. }] = comparison.findings[..] else {
            panic!("one metric, one finding");
        };
        let difference = difference.expect("enough devices");
        assert!((difference.low - 0.229_520).abs() < 6e-7);
    }

    #[test]
    fn a_higher_health_score_is_the_better_one() {
        let measures = [(Measure::HealthScore, seconds(12.0, 12.9))];
        assert_eq!(
            compare(&PLAN, &evidence(None, &measures)).verdict,
            Verdict::Better {
                arm: Arm::B,
                by: Metric::Mean(Measure::HealthScore)
            }
        );
    }

    #[test]
    fn alpha_is_split_so_that_more_metrics_need_more_evidence() {
        // Just shown alone, at 5 %; not among three, at 1.67 % each.
        let boots = (Measure::BootTime, seconds(12.0, 12.68));
        let alike = (Measure::BatteryDrain, seconds(3.0, 3.0));
        let rates = blocks(200, PerArm { a: 0.9, b: 0.9 });
        assert!(matches!(
            compare(&PLAN, &evidence(None, &[boots])).verdict,
            Verdict::Better { arm: Arm::A, .. }
        ));
        assert_eq!(
            compare(&PLAN, &evidence(Some(&rates), &[boots, alike])).verdict,
            Verdict::NoDifference
        );
    }

    #[test]
    fn a_higher_success_rate_wins_and_is_named_first() {
        let rates = blocks(200, PerArm { a: 0.7, b: 0.95 });
        let measures = [(Measure::BootTime, seconds(14.0, 12.0))];
        let comparison = compare(&PLAN, &evidence(Some(&rates), &measures));
        assert_eq!(
            comparison.verdict,
            Verdict::Better {
                arm: Arm::B,
                by: Metric::SuccessRate
            }
        );
        assert_eq!(comparison.findings.len(), 2);
    }

    #[test]
    fn an_arm_that_succeeds_more_and_boots_slower_is_not_simply_better() {
        let rates = blocks(200, PerArm { a: 0.7, b: 0.95 });
        let measures = [(Measure::BootTime, seconds(12.0, 14.0))];
        assert_eq!(
            compare(&PLAN, &evidence(Some(&rates), &measures)).verdict,
            Verdict::Mixed(PerArm {
                a: Metric::Mean(Measure::BootTime),
                b: Metric::SuccessRate
            })
        );
    }

    #[test]
    fn until_the_test_is_over_no_difference_is_too_early_to_say() {
        let rates = blocks(200, PerArm { a: 0.9, b: 0.9 });
        let at_the_end = evidence(Some(&rates), &[]);
        let before = Evidence {
            is_over: false,
            ..at_the_end
        };
        assert_eq!(
            compare(&PLAN, &before).verdict,
            Verdict::TooEarly(TooEarly::Undecided)
        );
        assert_eq!(compare(&PLAN, &at_the_end).verdict, Verdict::NoDifference);
    }

    #[test]
    fn a_test_with_too_few_devices_never_shows_that_there_is_no_difference() {
        let rates = blocks(49, PerArm { a: 0.9, b: 0.9 });
        assert_eq!(
            compare(&PLAN, &evidence(Some(&rates), &[])).verdict,
            Verdict::TooEarly(TooEarly::TooFew {
                metric: Metric::SuccessRate,
                devices: PerArm { a: 49, b: 49 },
                needed: 50
            })
        );
    }
}
