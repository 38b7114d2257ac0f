//! Who goes first: a stable, campaign-specific order of devices.
//!
//! A device's rank is a hash of campaign and device, so the first canaries differ from campaign to campaign, nobody can
//! arrange to be one, and raising a percentage keeps earlier members in.

use alloc::vec::Vec;

use fleetfold_schemas::{
    CampaignId, DeviceId,
    campaign::BasisPoints,
    mutant::{Mutant, is_on},
};

use crate::gate::ab::Arm;

const DOMAIN: &[u8] = b"fleetfold/cohort/v1";

/// The first 8 bytes, little-endian, of BLAKE3(`fleetfold/cohort/v1` 0 campaign 0 device).
#[must_use]
pub fn rank(campaign: &CampaignId, device: &DeviceId) -> u64 {
    rank_of(campaign, device.as_str())
}

/// As [`rank`], of a device's id as text.
pub(crate) fn rank_of(campaign: &CampaignId, device: &str) -> u64 {
    Ranking::of(campaign).rank(device)
}

/// The ranks of one campaign, for many devices.
pub(crate) struct Ranking {
    /// What is hashed: the same for all but for the device at its end.
    bytes: Vec<u8>,
    prefix_bytes: usize,
}

impl Ranking {
    pub(crate) fn of(campaign: &CampaignId) -> Self {
        let bytes = [DOMAIN, campaign.as_str().as_bytes(), b""].join(&0);
        Self {
            prefix_bytes: bytes.len(),
            bytes,
        }
    }

    /// As [`rank`].
    pub(crate) fn rank(&mut self, device: &str) -> u64 {
        self.bytes.truncate(self.prefix_bytes);
        self.bytes.extend_from_slice(device.as_bytes());
        first_u64(&blake3::hash(&self.bytes))
    }
}

/// A wait of at most `max_ms`, the same whenever it is asked for: the n-th wait of a device in a campaign.
#[must_use]
pub fn jitter_ms(campaign: &CampaignId, device: &str, n: u32, max_ms: u64) -> u64 {
    spread_ms(b"fleetfold/jitter/v1", campaign, device, n, max_ms)
}

/// How long after its job is shown a device begins, at most `max_ms`. Another hash than that of the retry's wait, or
/// whoever came late would come later still.
#[must_use]
pub fn start_jitter_ms(campaign: &CampaignId, device: &str, attempt: u32, max_ms: u64) -> u64 {
    spread_ms(b"fleetfold/start/v1", campaign, device, attempt, max_ms)
}

fn spread_ms(domain: &[u8], campaign: &CampaignId, device: &str, n: u32, max_ms: u64) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(domain);
    for part in [campaign.as_str().as_bytes(), device.as_bytes()] {
        hasher.update(&[0]);
        hasher.update(part);
    }
    hasher.update(&[0]);
    hasher.update(&n.to_le_bytes());
    first_u64(&hasher.finalize()) % (max_ms + 1)
}

/// The arm of an A/B test that a device is in: arm A holds this share of all devices. Another hash than the rank's, or
/// arm and phase would coincide.
#[must_use]
pub fn arm(campaign: &CampaignId, device: &str, share_a: BasisPoints) -> Arm {
    let mut hasher = blake3::Hasher::new();
    let domain: &[u8] = if is_on(Mutant::ArmByRank) {
        DOMAIN
    } else {
        b"fleetfold/arm/v1"
    };
    hasher.update(domain);
    for part in [campaign.as_str(), device] {
        hasher.update(&[0]);
        hasher.update(part.as_bytes());
    }
    if first_u64(&hasher.finalize()) <= share_of_ranks(share_a) {
        Arm::A
    } else {
        Arm::B
    }
}

fn first_u64(digest: &blake3::Hash) -> u64 {
    let (first, _) = digest
        .as_bytes()
        .split_first_chunk()
        .expect("a BLAKE3 digest has 32 bytes");
    u64::from_le_bytes(*first)
}

/// How many of `members`, in rank order, a cumulative percentage holds: rounded up, and at least one of a non-empty
/// fleet.
#[must_use]
pub fn cut(percentage: BasisPoints, members: u32) -> u32 {
    let share = percentage.of_rounded_up(u64::from(members));
    u32::try_from(share)
        .expect("a share of a u32 fits into one")
        .max(u32::from(members > 0))
}

/// The highest rank that a share of all ranks holds: for who comes after the cut was made.
#[must_use]
pub fn share_of_ranks(percentage: BasisPoints) -> u64 {
    let share = u128::from(u64::MAX) * u128::from(percentage.get()) / 10_000;
    u64::try_from(share).expect("a share of a u64 fits into one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_rounded_up_and_never_empty() {
        let percent = BasisPoints::from_percent;
        assert_eq!(cut(percent(1), 1000), 10);
        assert_eq!(cut(percent(1), 1001), 11);
        assert_eq!(cut(percent(1), 3), 1);
        assert_eq!(cut(percent(100), 3), 3);
        assert_eq!(cut(percent(1), 0), 0);
    }

    #[test]
    fn another_campaign_has_other_canaries() {
        let device = |i: u32| DeviceId::parse(&alloc::format!("d{i}")).unwrap();
        let first = |campaign: &str| {
            let campaign = CampaignId::parse(campaign).unwrap();
            let mut order: Vec<_> = (0..1000).collect();
            order.sort_by_key(|i| rank(&campaign, &device(*i)));
            order[..10].to_vec()
        };
        assert_eq!(first("a"), first("a"));
        let (a, b) = (first("a"), first("b"));
        assert!(a.iter().filter(|i| b.contains(i)).count() < 5);
    }
}
