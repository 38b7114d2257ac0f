//! Whether a phase may go on, must wait, or must stop, and why.
//!
//! Failure is judged before success. Sums run over the running phase and those before it, because percentages are
//! cumulative. Removed devices were never reached and count neither way.

mod health;

use alloc::string::String;

use fleetfold_schemas::campaign::{BasisPoints, Gates, SprtSpec};

pub use self::health::{assess as assess_health, degradation};
use crate::{
    Timestamp,
    fact::PauseCause,
    gate::{
        confident,
        measure::Measure,
        promotion,
        rates::Rates,
        sprt::{self, Sprt},
        strata, threshold,
    },
    pace::{Limit, allowance},
    state::{Campaign, Evidence, PhaseTally, Stratum},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Hold(HoldReason),
    Advance,
    Pause(PauseCause),
}

/// What a campaign waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldReason {
    /// Nobody has started it.
    Draft,
    /// It has been asked for, and others have to approve it.
    Approval {
        action: &'static str,
        given: u64,
        needed: u64,
        until: Timestamp,
    },
    /// Deltas to its release are being built; the campaign starts without them at `until`.
    BuildingDeltas {
        until: Timestamp,
    },
    /// Not every device of the phase has been offered the update yet.
    Offering {
        waiting: u64,
    },
    /// The rates allow no more for now.
    Limited(Limit),
    /// Too few devices have accepted to judge by.
    Acceptances {
        accepted: u64,
        needed: u64,
    },
    /// Too many of those that accepted have no outcome yet.
    Outcomes {
        resolved: u64,
        needed: u64,
    },
    Successes {
        updated: u64,
        needed: u64,
    },
    /// The evidence speaks for neither the expected failure rate nor the bad one.
    Undecided {
        failed: u64,
        succeeded: u64,
        bad: BasisPoints,
    },
    /// The failure rate is not proven to be below this.
    Unproven {
        failed: u64,
        succeeded: u64,
        rate: BasisPoints,
    },
    /// Too few updated devices have said how they are doing.
    HealthUnknown {
        measure: Measure,
        devices: u64,
        needed: u64,
    },
    /// That updated devices are not worse off than is bearable is not shown.
    HealthOpen {
        measure: Measure,
        devices: u64,
    },
    /// The watch time runs.
    Soaking {
        until: Timestamp,
    },
    /// In the last phase, every execution must come to an end.
    Unresolved {
        unresolved: u64,
    },
    Paused,
    /// Its schedule has not begun.
    Scheduled {
        start: Timestamp,
    },
    /// Its schedule is over; what is under way comes to its end.
    Finishing {
        open: u64,
    },
    /// Nothing new starts until then.
    Frozen {
        until: Timestamp,
        reason: Option<String>,
    },
    /// All that are under way wait for their maintenance windows, of which the first opens then, if ever.
    Window {
        waiting: u64,
        opens: Option<Timestamp>,
    },
    /// Devices are on their way back, or cannot be reached.
    Returning {
        to_go: u64,
        out_of_reach: u64,
    },
    /// New executions wait until there is room for the log again.
    StorageLow,
}

/// Judges the running phase of a campaign that is rolling or monitoring.
#[must_use]
pub fn judge(campaign: &Campaign, now: Timestamp) -> Verdict {
    let tally = campaign.so_far();
    if let Some(cause) = failure(campaign, &tally) {
        return Verdict::Pause(cause);
    }
    match waiting_for(campaign, &tally, now) {
        Some(reason) => Verdict::Hold(reason),
        None => Verdict::Advance,
    }
}

fn failure(campaign: &Campaign, tally: &PhaseTally) -> Option<PauseCause> {
    let spec = &campaign.spec;
    let cohort = u64::from(tally.devices - tally.removed);
    // The threshold starts anew after a resume: only new outcomes count, and only those to come make up its cohort.
    let failed = u64::from(tally.new_failed);
    let resolved = failed + u64::from(tally.new_updated);
    let reviewed = u64::from(tally.failed + tally.updated) - resolved;
    let gates = campaign.gates();
    if gates.threshold
        && threshold::pauses(
            failed,
            resolved,
            spec.failure_threshold,
            spec.sample_min.into(),
            cohort - reviewed,
        )
    {
        return Some(PauseCause::FailureThreshold {
            failed,
            resolved,
            limit_bp: spec.failure_threshold.get(),
        });
    }
    if let Some(cause) = evidence(campaign, gates) {
        return Some(cause);
    }
    if let Some(cause) = health::failure(campaign) {
        return Some(cause);
    }
    let phase = campaign.phase();
    let lost = u64::from(tally.new_lost);
    let judged = cohort - u64::from(tally.forgiven());
    if phase.wait_for_success
        && lost > 0
        && !phase.success_threshold.is_reached_by(judged - lost, judged)
    {
        return Some(PauseCause::SuccessUnreachable {
            lost,
            devices: judged,
            threshold_bp: phase.success_threshold.get(),
        });
    }
    None
}

/// What first outcomes say about the failure rate.
fn evidence(campaign: &Campaign, gates: &Gates) -> Option<PauseCause> {
    let spec = &campaign.spec;
    let Evidence { failed, succeeded } = campaign.fresh_evidence();
    let (expected_bp, false_pause_bp) = (spec.expected_failure.get(), spec.false_pause.get());
    let (p0, alpha) = (
        spec.expected_failure.as_ratio(),
        spec.false_pause.as_ratio(),
    );
    if gates.confident {
        let strata = campaign.strata.iter().map(Stratum::fresh);
        let pairs = strata.map(|evidence| (evidence.failed, evidence.succeeded));
        if campaign.strata.is_empty() {
            if confident::pauses(failed, succeeded, p0, alpha) {
                return Some(PauseCause::FailureEvidence {
                    failed,
                    succeeded,
                    expected_bp,
                    false_pause_bp,
                });
            }
        } else if strata::pauses(pairs, p0, alpha) {
            let loudest = campaign.strata.iter().max_by(|a, b| {
                let e = |stratum: &Stratum| {
                    let Evidence { failed, succeeded } = stratum.fresh();
                    confident::ln_e_value(failed, succeeded, p0)
                };
                e(a).total_cmp(&e(b))
            })?;
            let Evidence { failed, succeeded } = loudest.fresh();
            return Some(PauseCause::StratumEvidence {
                stratum: loudest.name.clone(),
                failed,
                succeeded,
                expected_bp,
                false_pause_bp,
            });
        }
    }
    let sprt = gates.sprt.filter(|_| !campaign.is_promoted)?;
    (sprt_verdict(campaign, &sprt) == sprt::Verdict::Pause).then(|| PauseCause::BadRate {
        failed,
        succeeded,
        expected_bp,
        bad_bp: sprt.bad_failure.get(),
        false_pause_bp,
    })
}

fn sprt_verdict(campaign: &Campaign, spec: &SprtSpec) -> sprt::Verdict {
    let Evidence { failed, succeeded } = campaign.fresh_evidence();
    let expected = campaign.spec.expected_failure.as_ratio();
    let test = Rates::new(expected, spec.bad_failure.as_ratio()).and_then(|rates| {
        let alpha = campaign.spec.false_pause.as_ratio();
        Sprt::new(rates, alpha, spec.false_pass.as_ratio())
    });
    // A description that has been checked has rates and errors in order.
    test.map_or(sprt::Verdict::Undecided, |test| {
        test.verdict(failed, succeeded)
    })
}

/// The `sprt` gate takes the release for a good one, and has not said so before.
#[must_use]
pub fn is_promoted_now(campaign: &Campaign) -> bool {
    let sprt = campaign.gates().sprt.filter(|_| !campaign.is_promoted);
    sprt.is_some_and(|sprt| sprt_verdict(campaign, &sprt) == sprt::Verdict::Promote)
}

fn waiting_for(campaign: &Campaign, tally: &PhaseTally, now: Timestamp) -> Option<HoldReason> {
    let phase = campaign.phase();
    let reached = campaign.reached();
    if reached.waiting > 0 {
        let waiting = reached.waiting.into();
        return Some(match allowance(campaign, now) {
            Ok(_) => HoldReason::Offering { waiting },
            Err(limit) => HoldReason::Limited(limit),
        });
    }
    if tally.devices > 0
        && phase.wait_for_success
        && let Some(reason) = waiting_for_success(campaign, tally)
    {
        return Some(waiting_for_windows(campaign, now).unwrap_or(reason));
    }
    if campaign.is_last_phase() && reached.unresolved > 0 {
        let unresolved = reached.unresolved.into();
        let reason = HoldReason::Unresolved { unresolved };
        return Some(waiting_for_windows(campaign, now).unwrap_or(reason));
    }
    // Nobody is in it, so there is nothing to watch.
    if tally.devices == 0 {
        return None;
    }
    let until = campaign.watched_until(now)?;
    (now < until).then_some(HoldReason::Soaking { until })
}

/// Nothing can come before a window opens.
fn waiting_for_windows(campaign: &Campaign, now: Timestamp) -> Option<HoldReason> {
    let census = campaign.window_census(now);
    // Who waits for a window that never opens keeps nobody from anything.
    let is_next = census.opens.is_some() || campaign.totals().open == 0;
    (census.waiting > 0 && census.open == 0 && is_next).then(|| HoldReason::Window {
        waiting: census.waiting.into(),
        opens: census.opens,
    })
}

/// Success is of those that accepted; what an operator forgave by resuming is left out of the account.
fn waiting_for_success(campaign: &Campaign, tally: &PhaseTally) -> Option<HoldReason> {
    let spec = &campaign.spec;
    let cohort = u64::from(tally.devices - tally.removed);
    let accepted = u64::from(tally.accepted);
    let needed = u64::from(spec.sample_min).min(cohort);
    if accepted < needed {
        return Some(HoldReason::Acceptances { accepted, needed });
    }
    let resolved = accepted - u64::from(tally.unresolved_accepted);
    let needed = spec.quorum.of_rounded_up(accepted);
    if resolved < needed {
        return Some(HoldReason::Outcomes { resolved, needed });
    }
    if let Some(reason) = waiting_for_proof(campaign, tally) {
        return Some(reason);
    }
    let judged = accepted - u64::from(tally.forgiven());
    let threshold = campaign.phase().success_threshold;
    let updated = u64::from(tally.updated);
    if !threshold.is_reached_by(updated, judged) {
        let needed = threshold.of_rounded_up(judged);
        return Some(HoldReason::Successes { updated, needed });
    }
    health::waiting_for(campaign)
}

/// What evidence the phase's gates want before it passes. Devices without an outcome may still bring it; once all have
/// one, the success threshold decides alone.
fn waiting_for_proof(campaign: &Campaign, tally: &PhaseTally) -> Option<HoldReason> {
    if tally.unresolved == 0 {
        return None;
    }
    let gates = campaign.gates();
    let Evidence { failed, succeeded } = campaign.fresh_evidence();
    if let Some(sprt) = gates.sprt.filter(|_| !campaign.is_promoted) {
        return Some(HoldReason::Undecided {
            failed,
            succeeded,
            bad: sprt.bad_failure,
        });
    }
    let alpha = campaign.spec.false_pause.as_ratio();
    gates
        .proven_below
        .filter(|rate| !promotion::is_proven(failed, succeeded, rate.as_ratio(), alpha))
        .map(|rate| HoldReason::Unproven {
            failed,
            succeeded,
            rate,
        })
}
