//! From what is said, by the campaign and by its site, to what can be carried out.

use alloc::{format, vec, vec::Vec};

use super::{
    AbTesting, BasisPoints, CampaignDefaults, CampaignDraft, CampaignSpec, Other, PhaseDraft,
    PhaseSpec, ReleaseRef, SpecError, Strategy, default_expected_failure,
    default_failure_threshold, default_false_pause, default_max_rollout, default_priority,
    default_quorum, default_sample_min, everybody,
    layer::Layer,
    phase::{canary, default_success_threshold, phased, progressive},
};
use crate::id::{CampaignId, ModelId, Version};

impl CampaignDraft {
    /// With nothing left to default, and checked.
    pub fn resolve(&self, site: &CampaignDefaults) -> Result<CampaignSpec, SpecError> {
        let own = self.said().hoisted()?;
        let site = site.clone().hoisted()?;
        let rollout = Rollout::of(&own, &site)?;
        self.check_unused(&rollout)?;
        let said = own.clone().over(&site);
        let ab_testing = match rollout.strategy {
            Strategy::Ab => Some(said.ab_testing.clone().unwrap_or_default().resolve()?),
            Strategy::Phased | Strategy::Canary | Strategy::Progressive => None,
        };
        let strategy = rollout.strategy;
        let phases = rollout.phases(&own, &said, ab_testing.as_ref())?;
        let spec = CampaignSpec {
            id: self.id.clone(),
            releases: self.releases.clone(),
            groups: said.groups.unwrap_or_else(everybody),
            membership: said.membership.unwrap_or_default(),
            group_order: said.group_order.unwrap_or_default(),
            rollout_strategy: strategy,
            phases,
            failure_threshold: (said.failure_threshold).unwrap_or_else(default_failure_threshold),
            sample_min: said.sample_min.unwrap_or_else(default_sample_min),
            expected_failure: said
                .expected_failure
                .unwrap_or_else(default_expected_failure),
            false_pause: said.false_pause.unwrap_or_else(default_false_pause),
            quorum: said.quorum.unwrap_or_else(default_quorum),
            gates: said.gates.unwrap_or_default().resolve(),
            priority: said.priority.unwrap_or_else(default_priority),
            security: said.security.unwrap_or_default(),
            rates: said.rates.unwrap_or_default(),
            preconditions: said.preconditions.unwrap_or_default().resolve(),
            monitoring: said.monitoring.unwrap_or_default().resolve(),
            failure_handling: said.failure_handling.unwrap_or_default().resolve(),
            ab_testing,
            timeouts: said.timeouts.unwrap_or_default().resolve(),
            max_rollout_days: said.max_rollout_days.unwrap_or_else(default_max_rollout),
            schedule: said.schedule.unwrap_or_default(),
            time_zone: said.time_zone,
            maintenance_windows: said.maintenance_windows.unwrap_or_default(),
            freezes: said.freezes.unwrap_or_default(),
            download: said.download.unwrap_or_default(),
        };
        spec.check()?;
        // The groups of a site are for devices of all its campaigns.
        if own.groups.is_some() {
            spec.check_models()?;
        }
        Ok(spec)
    }

    /// What is said outside `defaults` is meant for this campaign, and must mean something in it.
    fn check_unused(&self, rollout: &Rollout) -> Result<(), SpecError> {
        const ALLOWED: &str = "only rollout_strategy: progressive without phases goes by it";
        let problem = match (&rollout.given, rollout.strategy) {
            (Some(_), _) => "the phases are given".into(),
            (None, Strategy::Progressive) => return Ok(()),
            (None, other) => format!("rollout_strategy is {}", other.name()),
        };
        if self.initial_percentage.is_some() {
            return Err(SpecError::new("initial_percentage", problem, ALLOWED));
        }
        if self.rollout_interval_hours.is_some() {
            return Err(SpecError::new("rollout_interval_hours", problem, ALLOWED));
        }
        let is_idle = |ab: &super::AbTestingDraft| ab.enabled != Some(false);
        if rollout.strategy != Strategy::Ab && self.ab_testing.as_ref().is_some_and(is_idle) {
            return Err(SpecError::new(
                "ab_testing",
                format!("rollout_strategy is {}", rollout.strategy.name()),
                "it is said with rollout_strategy: ab, or with enabled: true",
            ));
        }
        Ok(())
    }
}

/// How the campaign widens: as the upper layer wants that says anything about it.
struct Rollout {
    strategy: Strategy,
    given: Option<Vec<PhaseDraft>>,
}

impl Rollout {
    fn of(own: &CampaignDefaults, site: &CampaignDefaults) -> Result<Self, SpecError> {
        for layer in [own, site] {
            let strategy = layer.strategy()?;
            let is_off = strategy == Some(Strategy::Ab) && own.wants_test() == Some(false);
            if (strategy.is_some() && !is_off) || layer.phases.is_some() {
                return Ok(Self {
                    strategy: strategy.unwrap_or_default(),
                    given: layer.phases.clone(),
                });
            }
        }
        Ok(Self {
            strategy: Strategy::default(),
            given: None,
        })
    }

    fn phases(
        self,
        own: &CampaignDefaults,
        said: &CampaignDefaults,
        ab: Option<&AbTesting>,
    ) -> Result<Vec<PhaseSpec>, SpecError> {
        let success = (said.success_threshold).unwrap_or_else(default_success_threshold);
        if let Some(ab) = ab {
            let success = own
                .success_threshold
                .unwrap_or(AbTesting::SUCCESS_THRESHOLD);
            let Some(given) = self.given.map(|given| resolved(given, success)) else {
                return Ok(ab.phases(success));
            };
            // Those of a description that has been resolved before.
            return match given.as_slice() {
                [phase] if given == ab.phases(phase.success_threshold) => Ok(given),
                _ => Err(SpecError::new(
                    "phases",
                    "rollout_strategy is ab, whose only phase is the whole test",
                    "leave them out, or choose another strategy",
                )),
            };
        }
        if let Some(given) = self.given {
            return Ok(resolved(given, success));
        }
        Ok(match self.strategy {
            Strategy::Phased | Strategy::Ab => phased(success),
            Strategy::Canary => canary(success),
            Strategy::Progressive => {
                check_progressive(said)?;
                progressive(
                    said.initial_percentage,
                    said.rollout_interval_hours,
                    success,
                )
            }
        })
    }
}

fn resolved(phases: Vec<PhaseDraft>, success_threshold: BasisPoints) -> Vec<PhaseSpec> {
    let phases = phases.into_iter();
    phases
        .map(|phase| phase.resolve(success_threshold))
        .collect()
}

fn check_progressive(said: &CampaignDefaults) -> Result<(), SpecError> {
    if said
        .initial_percentage
        .is_some_and(|initial| initial.get() == 0)
    {
        return Err(SpecError::new(
            "initial_percentage",
            "nothing doubled stays nothing",
            "allowed is above 0, up to 100",
        ));
    }
    match said.rollout_interval_hours {
        Some(interval) => super::check::above_zero("rollout_interval_hours", interval),
        None => Ok(()),
    }
}

impl CampaignDefaults {
    /// A campaign that is made with them.
    pub fn check(&self) -> Result<CampaignSpec, SpecError> {
        let release = ReleaseRef {
            model: ModelId::parse("any").expect("our own names are valid"),
            version: Version::parse("1.0.0").expect("our own versions are valid"),
        };
        let id = CampaignId::parse("any").expect("our own names are valid");
        let mut usual = self.clone();
        // Each campaign says itself what it compares.
        if usual.clone().hoisted()?.strategy()? == Some(Strategy::Ab) {
            usual.ab_testing.get_or_insert_default().other = Some(Other::Nothing);
        }
        let draft = CampaignDraft::new(id, vec![release]);
        draft.resolve(&usual)
    }

    fn wants_test(&self) -> Option<bool> {
        self.ab_testing.as_ref()?.enabled
    }

    /// The strategy that this layer asks for.
    fn strategy(&self) -> Result<Option<Strategy>, SpecError> {
        let refused =
            |problem, allowed| Err(SpecError::new("ab_testing.enabled", problem, allowed));
        match (self.rollout_strategy, self.wants_test()) {
            (None, Some(true)) => Ok(Some(Strategy::Ab)),
            (Some(strategy), Some(true)) if strategy != Strategy::Ab => refused(
                format!("rollout_strategy is {}", strategy.name()),
                "it can be true with rollout_strategy: ab, or without a strategy",
            ),
            (Some(Strategy::Ab), Some(false)) => refused(
                "rollout_strategy is ab".into(),
                "allowed is true, or another strategy",
            ),
            (strategy, _) => Ok(strategy),
        }
    }
}
