//! When a phase must stop or may pass, computed again from the members.
//!
//! The e-value is computed another way than the engine does: by the identity between the incomplete beta function and
//! the binomial distribution, with a sum instead of a continued fraction.

use fleetfold_core::fact::PauseCause;
use fleetfold_schemas::campaign::{self, BasisPoints, CampaignSpec, PhaseSpec};

use super::{
    campaign::Campaign,
    member::{Member, Place},
};

/// Closer to its limit than this, the e-value of one program may be on the other side of it than that of another.
const LN_E_TOLERANCE: f64 = 1e-6;

/// Sums over members.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    pub devices: u64,
    pub waiting: u64,
    pub removed: u64,
    pub updated: u64,
    pub new_updated: u64,
    pub failed: u64,
    pub new_failed: u64,
    pub new_lost: u64,
    /// Judged by: accepted, or with an outcome, and not withdrawn.
    pub judged: u64,
    pub judged_open: u64,
    pub open: u64,
}

impl Sums {
    pub(super) fn of<'m>(members: impl Iterator<Item = &'m Member>) -> Self {
        let mut sums = Self::default();
        for member in members {
            sums.add(member);
        }
        sums
    }

    fn add(&mut self, member: &Member) {
        let count = |is_so: bool| u64::from(is_so);
        let is_updated = member.place.is_updated();
        let is_withdrawn =
            matches!(member.place, Place::Removed | Place::Canceled) && !member.has_failed;
        let may_change = member.place.may_change();
        // Failed, and no attempt to come.
        let is_lost = member.has_failed && !may_change;
        // Who waits has shown as little of the release as who was never reached.
        let has_begun = !member.place.is_held() && member.place != Place::Deferred;
        let has_outcome = member.has_failed || is_updated || member.place == Place::Returned;
        let is_judged = !is_withdrawn && (member.has_accepted && has_begun || has_outcome);
        let is_new = !member.is_reviewed;
        self.devices += 1;
        self.waiting += count(member.place == Place::Waiting);
        self.removed += count(is_withdrawn);
        self.updated += count(is_updated);
        self.new_updated += count(is_updated && is_new);
        self.failed += count(member.has_failed);
        self.new_failed += count(member.has_failed && is_new);
        self.new_lost += count(is_lost && is_new);
        self.judged += count(is_judged);
        self.judged_open += count(is_judged && may_change);
        self.open += count(may_change);
    }

    const fn forgiven(&self) -> u64 {
        self.failed - self.new_failed
    }
}

/// What a limit says about a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    /// Too close to say.
    On,
    Above,
}

/// What to say of a figure that is too close to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It may be beyond.
    Granted,
    Denied,
}

/// The gates of a campaign's running phase.
#[derive(Debug)]
pub struct Gates<'c> {
    spec: &'c CampaignSpec,
    phase: &'c PhaseSpec,
    gates: &'c campaign::Gates,
    is_last: bool,
    is_promoted: bool,
    /// Over the groups that go through the running phase, in it and those before it.
    pub sums: Sums,
    /// Over all whose turn has come.
    pub reached: Sums,
    /// First outcomes since an operator last accepted them: failed and succeeded.
    evidence: (u64, u64),
    /// The same by kind of device, with their names.
    strata: Vec<(&'c str, (u64, u64))>,
}

impl<'c> Gates<'c> {
    #[must_use]
    pub fn of(campaign: &'c Campaign) -> Self {
        let spec = &campaign.spec;
        let phase = &spec.phases[campaign.phases[campaign.phase].spec];
        let strata = campaign.strata.iter();
        let members = campaign.members().iter();
        Self {
            spec,
            phase,
            gates: phase.gates.as_ref().unwrap_or(&spec.gates),
            is_last: campaign.is_last_phase(),
            is_promoted: campaign.is_promoted,
            sums: Sums::of(campaign.members_so_far()),
            reached: Sums::of(members.filter(|member| campaign.is_reached(member))),
            evidence: campaign.fresh_evidence(),
            strata: strata
                .map(|stratum| (stratum.name.as_str(), stratum.fresh()))
                .collect(),
        }
    }

    fn is_threshold_exceeded(&self) -> bool {
        let sums = &self.sums;
        let resolved = sums.new_failed + sums.new_updated;
        let reviewed = sums.failed + sums.updated - resolved;
        let cohort = sums.devices - sums.removed - reviewed;
        let needed = u64::from(self.spec.sample_min).min(cohort);
        let limit = u64::from(self.spec.failure_threshold.get());
        self.gates.threshold && resolved >= needed && sums.new_failed * 10_000 > limit * resolved
    }

    /// Whether first outcomes speak against the expected failure rate.
    fn evidence_side(&self) -> Side {
        if !self.gates.confident {
            return Side::Below;
        }
        let ln_e = if self.strata.is_empty() {
            self.ln_e(self.evidence)
        } else {
            let all = self.strata.iter();
            let sum: f64 = all.map(|(_, evidence)| self.ln_e(*evidence).exp()).sum();
            (sum / float(self.strata.len() as u64)).ln()
        };
        Side::of(ln_e + ratio(self.spec.false_pause).ln())
    }

    fn ln_e(&self, (failed, succeeded): (u64, u64)) -> f64 {
        ln_e(failed, succeeded, ratio(self.spec.expected_failure))
    }

    /// Whether they speak for the bad failure rate, by Wald's ratio of likelihoods.
    fn bad_side(&self) -> Side {
        self.likelihood().map_or(Side::Below, |ln_ratio| {
            Side::of(ln_ratio + ratio(self.spec.false_pause).ln())
        })
    }

    /// Whether they speak for the expected one, so that the test is over.
    #[must_use]
    pub fn is_found_good(&self, doubt: Doubt) -> bool {
        let (Some(ln_ratio), Some(sprt)) = (self.likelihood(), &self.gates.sprt) else {
            return false;
        };
        let limit = ratio(sprt.false_pass) / (1.0 - ratio(self.spec.false_pause));
        Side::of(limit.ln() - ln_ratio).is_above(doubt)
    }

    /// Of the bad rate, to that of the expected one; `None` if nobody asks, or not any more.
    fn likelihood(&self) -> Option<f64> {
        let sprt = self.gates.sprt.as_ref().filter(|_| !self.is_promoted)?;
        let (bad, expected) = (ratio(sprt.bad_failure), ratio(self.spec.expected_failure));
        let (failed, succeeded) = self.evidence;
        Some(
            float(failed) * (bad / expected).ln()
                + float(succeeded) * ((1.0 - bad) / (1.0 - expected)).ln(),
        )
    }

    /// Whether what the phase's gates want to be proven before it passes is proven.
    fn is_proven(&self, doubt: Doubt) -> bool {
        if self.gates.sprt.is_some() && !self.is_promoted {
            return false;
        }
        let Some(below) = self.gates.proven_below else {
            return true;
        };
        let (f, s) = (float(self.evidence.0), float(self.evidence.1));
        let below = ratio(below);
        let ln_likelihood = f * below.ln() + s * (1.0 - below).ln();
        let ln_limit =
            ratio(self.spec.false_pause).ln() + ln_beta(self.evidence.0, self.evidence.1);
        Side::of(below * (f + s) - f).is_above(doubt)
            && Side::of(ln_limit - ln_likelihood).is_above(doubt)
    }

    fn is_success_out_of_reach(&self) -> bool {
        let sums = &self.sums;
        let phase = self.phase;
        let judged = sums.devices - sums.removed - sums.forgiven();
        phase.wait_for_success
            && sums.new_lost > 0
            && !reaches(judged - sums.new_lost, judged, phase.success_threshold)
    }

    /// Whether the campaign must pause.
    #[must_use]
    pub fn must_pause(&self) -> bool {
        self.is_threshold_exceeded()
            || self.evidence_side() == Side::Above
            || self.bad_side() == Side::Above
            || self.is_success_out_of_reach()
    }

    /// Whether this cause is true, with its figures.
    #[must_use]
    pub fn is_true(&self, cause: &PauseCause) -> bool {
        let sums = &self.sums;
        match *cause {
            PauseCause::Operator { .. } => true,
            PauseCause::ScheduleEnded => self.spec.schedule.end.is_some(),
            PauseCause::FailureThreshold {
                failed,
                resolved,
                limit_bp,
            } => {
                self.is_threshold_exceeded()
                    && failed == sums.new_failed
                    && resolved == sums.new_failed + sums.new_updated
                    && limit_bp == self.spec.failure_threshold.get()
            }
            PauseCause::FailureEvidence {
                failed, succeeded, ..
            } => {
                self.strata.is_empty()
                    && self.evidence_side() != Side::Below
                    && (failed, succeeded) == self.evidence
            }
            PauseCause::BadRate {
                failed, succeeded, ..
            } => self.bad_side() != Side::Below && (failed, succeeded) == self.evidence,
            PauseCause::StratumEvidence {
                ref stratum,
                failed,
                succeeded,
                ..
            } => {
                let named = self.strata.iter().find(|(name, _)| name == stratum);
                let loudest = self.strata.iter().map(|(_, it)| self.ln_e(*it));
                let loudest = loudest.fold(f64::NEG_INFINITY, f64::max);
                self.evidence_side() != Side::Below
                    && named.is_some_and(|(_, it)| {
                        *it == (failed, succeeded) && self.ln_e(*it) > loudest - LN_E_TOLERANCE
                    })
            }
            // Of the way back, which has gates of its own; and nobody asks here how devices are doing.
            PauseCause::RollbackFailing { .. } | PauseCause::Health { .. } => false,
            PauseCause::SuccessUnreachable { lost, devices, .. } => {
                self.is_success_out_of_reach()
                    && lost == sums.new_lost
                    && devices == sums.devices - sums.removed - sums.forgiven()
            }
        }
    }

    /// Whether the running phase may pass now, as far as the gates do not forbid it.
    #[must_use]
    pub fn may_pass(&self, watched_from_ms: u64, now_ms: u64, doubt: Doubt) -> bool {
        if self.reached.waiting > 0 {
            return false;
        }
        let is_over = !self.is_last || self.reached.open == 0;
        if self.sums.devices == 0 {
            return is_over;
        }
        let is_watched = now_ms >= watched_from_ms + self.phase.duration_hours.ms();
        is_watched && is_over && (!self.phase.wait_for_success || self.is_successful(doubt))
    }

    fn is_successful(&self, doubt: Doubt) -> bool {
        let sums = &self.sums;
        let cohort = sums.devices - sums.removed;
        let resolved = sums.judged - sums.judged_open;
        let quorum = u64::from(self.spec.quorum.get());
        // Once all have an outcome, nothing more can be proven.
        sums.judged >= u64::from(self.spec.sample_min).min(cohort)
            && resolved * 10_000 >= quorum * sums.judged
            && (sums.open == 0 || self.is_proven(doubt))
            && reaches(
                sums.updated,
                sums.judged - sums.forgiven(),
                self.phase.success_threshold,
            )
    }

    /// Whether what has been reached when the time is over counts as success.
    #[must_use]
    pub fn is_success_at_deadline(&self) -> bool {
        let judged = self.sums.judged - self.sums.forgiven();
        judged > 0 && reaches(self.sums.updated, judged, self.phase.success_threshold)
    }
}

impl Side {
    /// Of a figure less its limit.
    fn of(above: f64) -> Self {
        if above.abs() < LN_E_TOLERANCE {
            Self::On
        } else if above > 0.0 {
            Self::Above
        } else {
            Self::Below
        }
    }

    fn is_above(self, doubt: Doubt) -> bool {
        self == Self::Above || self == Self::On && doubt == Doubt::Granted
    }
}

fn ratio(share: BasisPoints) -> f64 {
    f64::from(share.get()) / 10_000.0
}

fn reaches(part: u64, whole: u64, share: BasisPoints) -> bool {
    part * 10_000 >= u64::from(share.get()) * whole
}

/// ln E(F, S): the likelihood of F failures and S successes under a uniform mixture over (p0, 1], to that under p0.
///
/// The integral of p^F (1-p)^S over (p0, 1] is B(F+1, S+1) times the probability of at most F successes in F+S+1 trials
/// of chance p0.
fn ln_e(failed: u64, succeeded: u64, p0: f64) -> f64 {
    let (f, s) = (float(failed), float(succeeded));
    let trials = failed + succeeded + 1;
    let tail: f64 = (0..=failed)
        .map(|k| {
            (ln_choose(trials, k) + float(k) * p0.ln() + float(trials - k) * (-p0).ln_1p()).exp()
        })
        .sum();
    ln_beta(failed, succeeded) + tail.ln() - (-p0).ln_1p() - f * p0.ln() - s * (-p0).ln_1p()
}

/// ln B(F+1, S+1): one over F+S+1 times the number of ways to choose F from F+S.
fn ln_beta(failed: u64, succeeded: u64) -> f64 {
    let both = failed + succeeded;
    -(float(both + 1).ln() + ln_choose(both, failed))
}

fn ln_choose(n: u64, k: u64) -> f64 {
    (0..k).map(|i| (float(n - i) / float(i + 1)).ln()).sum()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "device counts are far below 2^53"
)]
fn float(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_e_value_is_the_one_computed_independently() {
        for (failed, succeeded, expected) in [
            (0, 10, 0.090_909_1),
            (2, 8, 6.050_505_1),
            (3, 97, 0.047_407_8),
            (8, 92, 13.602_126_6),
            (25, 475, 85.532_259_3),
        ] {
            let e = ln_e(failed, succeeded, 0.02).exp();
            assert!(
                (e - expected).abs() < 6e-8 * expected.max(1.0),
                "({failed},{succeeded}): {e}"
            );
        }
    }
}
