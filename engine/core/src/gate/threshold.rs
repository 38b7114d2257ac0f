//! The literal gate: more than a share of the resolved devices has failed.

use fleetfold_schemas::campaign::BasisPoints;
use fleetfold_schemas::mutant::{Mutant, is_on};

/// Whether `failed` of `resolved` is more than `limit`; exactly on the limit is not. Nothing is judged before `sample_min`
/// outcomes, or the whole cohort if that is smaller.
#[must_use]
pub fn pauses(
    failed: u64,
    resolved: u64,
    limit: BasisPoints,
    sample_min: u64,
    cohort: u64,
) -> bool {
    if is_on(Mutant::ThresholdOnItsLimit) && failed > 0 {
        return resolved >= sample_min.min(cohort) && limit.is_reached_by(failed, resolved);
    }
    resolved >= sample_min.min(cohort) && limit.is_exceeded_by(failed, resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_on_the_limit_goes_on_and_one_more_pauses() {
        let limit = BasisPoints::from_percent(10);
        assert!(!pauses(2, 20, limit, 20, 1000));
        assert!(pauses(3, 20, limit, 20, 1000));
    }

    #[test]
    fn nothing_is_judged_on_too_few_outcomes_unless_there_are_no_more() {
        let limit = BasisPoints::from_percent(10);
        assert!(!pauses(19, 19, limit, 20, 1000));
        assert!(pauses(20, 20, limit, 20, 1000));
        assert!(pauses(5, 5, limit, 20, 5));
        assert!(!pauses(0, 0, limit, 20, 0));
    }
}
