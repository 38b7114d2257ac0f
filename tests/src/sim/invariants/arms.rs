//! A/B tests, counted again: who is in which arm, what each arm is given, and how its devices have fared.

use fleetfold_core::{
    CampaignIx, Fact, ReleaseIx,
    fact::{ArmsCompared, CampaignCreated},
};
use fleetfold_schemas::{
    DeviceId, ModelId,
    campaign::{AbTesting, CampaignSpec, Metric, ReleaseRef},
};

use super::{Book, Checked, campaign::Campaign, campaign::Status, course::Step, demand, group};

/// Which of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    A,
    B,
}

/// The two arms of a campaign that compares.
#[derive(Debug)]
pub(super) struct Comparison {
    /// What arm B is given; empty: nothing.
    pub(super) other: Vec<ReleaseIx>,
    /// First outcomes, in their order.
    outcomes: [Vec<bool>; 2],
    /// Devices that have accepted a job.
    accepted: [u64; 2],
    verdict: Option<&'static str>,
}

impl Comparison {
    pub(super) fn new(spec: &CampaignSpec, other: &[ReleaseIx]) -> Option<Self> {
        spec.ab_testing.as_ref().map(|_| Self {
            other: other.to_vec(),
            outcomes: [Vec::new(), Vec::new()],
            accepted: [0, 0],
            verdict: None,
        })
    }

    pub(super) fn count(&mut self, arm: Arm, succeeded: bool) {
        self.outcomes[arm as usize].push(succeeded);
    }

    pub(super) fn accept(&mut self, arm: Arm) {
        self.accepted[arm as usize] += 1;
    }

    /// Outcomes, and successes among them.
    fn sums(&self, arm: Arm) -> (u64, u64) {
        let outcomes = &self.outcomes[arm as usize];
        let succeeded = outcomes.iter().filter(|it| **it).count();
        (outcomes.len() as u64, succeeded as u64)
    }

    /// Each arm's n-th outcome held against the other's: how much likelier they all are with two rates than with one, as a
    /// logarithm, and the successes of each arm among them.
    fn blocks(&self) -> (f64, f64, f64) {
        let [a, b] = &self.outcomes;
        let (mut ln_e, mut good_a, mut good_b) = (0.0, 0.0, 0.0);
        let mut blocks = 0.0;
        for (in_a, in_b) in a.iter().zip(b) {
            let (rate_a, rate_b) = (
                (good_a + 1.0) / (blocks + 2.0),
                (good_b + 1.0) / (blocks + 2.0),
            );
            let one = (rate_a + rate_b) / 2.0;
            let chance = |rate: f64, is_good: bool| if is_good { rate } else { 1.0 - rate };
            ln_e += (chance(rate_a, *in_a) * chance(rate_b, *in_b)).ln()
                - (chance(one, *in_a) * chance(one, *in_b)).ln();
            good_a += f64::from(u8::from(*in_a));
            good_b += f64::from(u8::from(*in_b));
            blocks += 1.0;
        }
        (ln_e, good_a, good_b)
    }
}

/// By hash of campaign and device, as PROTOCOL.md has it; `None`: of the arm that is given nothing.
pub(super) fn arm_of(spec: &CampaignSpec, device: &DeviceId) -> Option<Arm> {
    let Some(test) = &spec.ab_testing else {
        return Some(Arm::A);
    };
    let number = group::hash(b"fleetfold/arm/v1", &spec.id, device);
    let share = u128::from(test.split_percentage.get());
    if u128::from(number) <= u128::from(u64::MAX) * share / 10_000 {
        Some(Arm::A)
    } else {
        (!others(test).is_empty()).then_some(Arm::B)
    }
}

fn others(test: &AbTesting) -> &[ReleaseRef] {
    test.other.releases()
}

impl Campaign {
    /// What a device of this model is to run in one of the arms.
    pub(super) fn release_in(&self, arm: Arm, model: &ModelId) -> Option<ReleaseIx> {
        let place = |named: &[ReleaseRef]| named.iter().position(|it| it.model == *model);
        match (arm, &self.comparison, &self.spec.ab_testing) {
            (Arm::B, Some(comparison), Some(test)) => Some(comparison.other[place(others(test))?]),
            _ => Some(self.releases[place(&self.spec.releases)?]),
        }
    }

    /// The figures of both arms, as the status should show them: devices, outcomes, successes.
    pub(super) fn arms(&self) -> Option<[(u64, u64, u64); 2]> {
        let comparison = self.comparison.as_ref()?;
        Some([Arm::A, Arm::B].map(|arm| {
            let (outcomes, succeeded) = comparison.sums(arm);
            (comparison.accepted[arm as usize], outcomes, succeeded)
        }))
    }

    /// The verdict of a comparison falls once, on the figures that there are.
    pub(super) fn check_verdict(&self, at_ms: u64, fact: &ArmsCompared) -> Checked {
        let Some(comparison) = &self.comparison else {
            return super::breach("only a test has a verdict", self.id().to_string());
        };
        let figures = (
            (fact.outcomes_a, fact.succeeded_a),
            (fact.outcomes_b, fact.succeeded_b),
        );
        demand(
            comparison.verdict.is_none()
                && self.status.is_rolling()
                && figures == (comparison.sums(Arm::A), comparison.sums(Arm::B)),
            "a test has one verdict, on the figures that there are",
            || format!("{}: {fact:?} but {comparison:?}", self.id()),
        )?;
        let from_ms = self.phases[self.phase]
            .watched_from_ms()
            .unwrap_or(u64::MAX);
        let watched_ms = self.spec.phases[self.phases[self.phase].spec]
            .duration_hours
            .ms();
        let is_over = self.is_last_phase() && from_ms.saturating_add(watched_ms) <= at_ms;
        let is_decided = matches!(verdict(fact), "a" | "b" | "mixed" | "invalid");
        demand(
            is_over || is_decided,
            "a test is over when its time is, or the arms differ",
            || format!("{}: {fact:?}", self.id()),
        )?;
        let Some(test) = &self.spec.ab_testing else {
            return Ok(());
        };
        if test.metrics != [Metric::SuccessRate] || !matches!(verdict(fact), "a" | "b") {
            return Ok(());
        }
        // Where nothing else is compared, the winner's success rate must have been shown to be higher.
        let limit = -(f64::from(self.spec.false_pause.get()) / 10_000.0).ln();
        let (ln_e, good_a, good_b) = comparison.blocks();
        let has_more = match verdict(fact) {
            "a" => good_a > good_b,
            _ => good_b > good_a,
        };
        demand(
            ln_e > limit - 1e-6 && has_more,
            "a winner was shown to be better",
            || format!("{}: {fact:?}, ln e {ln_e}", self.id()),
        )
    }

    pub(super) fn decide(&mut self, fact: &ArmsCompared) {
        if let Some(comparison) = &mut self.comparison {
            comparison.verdict = Some(verdict(fact));
        }
    }
}

const fn verdict(fact: &ArmsCompared) -> &'static str {
    use fleetfold_core::state::ComparisonVerdict as Verdict;
    match fact.verdict {
        Verdict::A => "a",
        Verdict::B => "b",
        Verdict::Mixed => "mixed",
        Verdict::Invalid => "invalid",
        Verdict::NoDifference => "no_difference",
        Verdict::TooFew => "too_few",
    }
}

impl Book {
    /// A campaign comes into being by a command; or because the test before it has a winner that is to go to everybody.
    pub(super) fn check_created(
        &self,
        fact: &CampaignCreated,
        was_asked: bool,
        step: &Step,
    ) -> Checked {
        if fact.spec.ab_testing.is_some() {
            let is_known = self.releases.len() > fact.release as usize;
            return demand(
                is_known && was_asked,
                "a campaign is created by a command",
                || format!("{fact:?}"),
            );
        }
        let test = self.campaigns.iter().find(|test| {
            test.comparison.is_some() && format!("{}-winner", test.id()) == fact.spec.id.as_str()
        });
        let Some(test) = test else {
            return demand(was_asked, "a campaign is created by a command", || {
                format!("{fact:?}")
            });
        };
        let comparison = test.comparison.as_ref();
        let releases: Vec<_> = std::iter::once(fact.release)
            .chain(fact.other_releases.iter().copied())
            .collect();
        let was_given = |arm| match arm {
            Arm::A => releases == test.releases,
            Arm::B => comparison.is_some_and(|it| it.other == releases),
        };
        let won = |arm: Arm, name: &str| {
            comparison.is_some_and(|it| it.verdict == Some(name)) && was_given(arm)
        };
        let wants = test.spec.ab_testing.as_ref();
        let by_itself = matches!(
            &step.last,
            Some(Fact::CampaignCompleted(completed))
                if self.campaign(completed.campaign).id() == test.id()
        ) && wants.is_some_and(|test| test.promote_winner)
            && (won(Arm::A, "a") || won(Arm::B, "b"));
        let by_command =
            was_asked && test.status.is_final() && (was_given(Arm::A) || was_given(Arm::B));
        demand(
            by_itself || by_command,
            "the winner of a test goes to everybody if that is wanted, and nothing else does",
            || format!("{fact:?} after {:?}: {comparison:?}", test.status),
        )?;
        demand(
            fact.spec.groups == test.spec.groups && fact.spec.ab_testing.is_none(),
            "a winner is for the devices of its test",
            || format!("{fact:?}"),
        )
    }

    /// Whether a campaign was made from a test, and staged with that.
    pub(super) fn is_promoted_now(&self, ix: CampaignIx, step: &Step) -> bool {
        let id = self.campaign(ix).id().as_str();
        matches!(&step.last, Some(Fact::CampaignCreated(fact)) if fact.campaign == ix)
            && id.ends_with("-winner")
            && self.campaign(ix).status == Status::Draft
    }
}
