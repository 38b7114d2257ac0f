//! When a phase must stop or may pass, computed again from the members.
//!
//! The e-value is computed another way than the engine does: by the identity between the incomplete beta function and
//! the binomial distribution, with a sum instead of a continued fraction.

use fleetfold_core::fact::PauseCause;
use fleetfold_schemas::campaign::{BasisPoints, CampaignSpec};

use super::{
    campaign::Campaign,
    member::{Member, Place},
};

/// Closer to its limit than this, the e-value of one program may be on the other side of it than that of another.
const LN_E_TOLERANCE: f64 = 1e-6;

/// Sums over the running phase and those before it.
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
        let is_updated = member.place == Place::Succeeded;
        let is_withdrawn =
            matches!(member.place, Place::Removed | Place::Canceled) && !member.has_failed;
        let may_change = member.place.may_change();
        // Failed, and no attempt to come.
        let is_lost = member.has_failed && !may_change;
        let is_judged = !is_withdrawn && (member.has_accepted || member.has_failed || is_updated);
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

/// The gates of a campaign's running phase.
#[derive(Debug)]
pub struct Gates<'c> {
    spec: &'c CampaignSpec,
    phase: usize,
    pub sums: Sums,
    /// First outcomes since an operator last accepted them: failed and succeeded.
    evidence: (u64, u64),
}

impl<'c> Gates<'c> {
    #[must_use]
    pub fn of(campaign: &'c Campaign) -> Self {
        Self {
            spec: &campaign.spec,
            phase: campaign.phase,
            sums: Sums::of(campaign.members_so_far()),
            evidence: campaign.fresh_evidence(),
        }
    }

    fn is_threshold_exceeded(&self) -> bool {
        let sums = &self.sums;
        let resolved = sums.new_failed + sums.new_updated;
        let reviewed = sums.failed + sums.updated - resolved;
        let cohort = sums.devices - sums.removed - reviewed;
        let needed = u64::from(self.spec.sample_min).min(cohort);
        let limit = u64::from(self.spec.failure_threshold.get());
        resolved >= needed && sums.new_failed * 10_000 > limit * resolved
    }

    fn evidence_side(&self) -> Side {
        let (failed, succeeded) = self.evidence;
        if failed == 0 {
            return Side::Below;
        }
        let p0 = f64::from(self.spec.expected_failure.get()) / 10_000.0;
        let alpha = f64::from(self.spec.false_pause.get()) / 10_000.0;
        let above = ln_e(failed, succeeded, p0) + alpha.ln();
        if above.abs() < LN_E_TOLERANCE {
            Side::On
        } else if above > 0.0 {
            Side::Above
        } else {
            Side::Below
        }
    }

    fn is_success_out_of_reach(&self) -> bool {
        let sums = &self.sums;
        let phase = &self.spec.phases[self.phase];
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
            || self.is_success_out_of_reach()
    }

    /// Whether this cause is true, with its figures.
    #[must_use]
    pub fn is_true(&self, cause: &PauseCause) -> bool {
        let sums = &self.sums;
        match *cause {
            PauseCause::Operator { .. } => true,
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
            } => self.evidence_side() != Side::Below && (failed, succeeded) == self.evidence,
            // No operator of the simulation asks for these.
            PauseCause::BadRate { .. }
            | PauseCause::StratumEvidence { .. }
            | PauseCause::RollbackFailing { .. } => false,
            PauseCause::SuccessUnreachable { lost, devices, .. } => {
                self.is_success_out_of_reach()
                    && lost == sums.new_lost
                    && devices == sums.devices - sums.removed - sums.forgiven()
            }
        }
    }

    /// Whether the running phase may pass now, as far as the gates do not forbid it.
    #[must_use]
    pub fn may_pass(&self, started_ms: u64, now_ms: u64, is_last: bool) -> bool {
        let sums = &self.sums;
        if sums.devices == 0 {
            return true;
        }
        let phase = &self.spec.phases[self.phase];
        let is_watched = now_ms >= started_ms + phase.duration_hours.ms();
        let is_over = !is_last || sums.open == 0;
        sums.waiting == 0
            && is_watched
            && is_over
            && (!phase.wait_for_success || self.is_successful())
    }

    fn is_successful(&self) -> bool {
        let sums = &self.sums;
        let cohort = sums.devices - sums.removed;
        let resolved = sums.judged - sums.judged_open;
        let quorum = u64::from(self.spec.quorum.get());
        sums.judged >= u64::from(self.spec.sample_min).min(cohort)
            && resolved * 10_000 >= quorum * sums.judged
            && reaches(
                sums.updated,
                sums.judged - sums.forgiven(),
                self.spec.phases[self.phase].success_threshold,
            )
    }

    /// Whether what has been reached when the time is over counts as success.
    #[must_use]
    pub fn is_success_at_deadline(&self) -> bool {
        let judged = self.sums.judged - self.sums.forgiven();
        judged > 0
            && reaches(
                self.sums.updated,
                judged,
                self.spec.phases[self.phase].success_threshold,
            )
    }
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
    // B(F+1, S+1) is one over F+S+1 times the number of ways to choose F from F+S.
    let ln_beta = -(float(trials).ln() + ln_choose(trials - 1, failed));
    ln_beta + tail.ln() - (-p0).ln_1p() - f * p0.ln() - s * (-p0).ln_1p()
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
