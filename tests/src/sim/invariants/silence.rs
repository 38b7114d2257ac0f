//! Which devices of a campaign have fallen silent: each asked anew.

use fleetfold_schemas::campaign::MINUTE_MS;

use super::{Campaign, Fleet};

/// How finely it is known when a device was last heard of, as PROTOCOL.md has it.
const TO_MS: u64 = 10 * MINUTE_MS;

/// Of one campaign, at some time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Silence {
    /// Those not heard of for too long.
    pub(super) silent: u64,
    /// Those ever heard of.
    pub(super) known: u64,
    limit_bp: u64,
}

impl Silence {
    pub(super) fn of(campaign: &Campaign, fleet: &Fleet, at_ms: u64) -> Self {
        let monitoring = &campaign.spec.monitoring;
        let limit_ms = monitoring.offline_after().ms();
        let devices = campaign
            .members()
            .iter()
            .map(|member| fleet.get(member.device));
        let heard = devices.filter(|device| !device.is_retired());
        let heard: Vec<u64> = heard.filter_map(|device| device.heard_ms).collect();
        let is_silent = |heard_ms: &&u64| (**heard_ms / TO_MS + 1) * TO_MS + limit_ms <= at_ms;
        Self {
            silent: heard.iter().filter(is_silent).count() as u64,
            known: heard.len() as u64,
            limit_bp: monitoring.offline_rate().get().into(),
        }
    }

    pub(super) const fn is_too_much(&self) -> bool {
        self.limit_bp < 10_000 && self.silent * 10_000 > self.limit_bp * self.known
    }

    /// By a margin.
    pub(super) const fn is_bearable(&self) -> bool {
        self.silent * 40_000 <= self.limit_bp * self.known * 3
    }
}
