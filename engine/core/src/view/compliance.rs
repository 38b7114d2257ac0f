//! The answer to `fleet.compliance`: which devices lack a security release, since when and why.
//!
//! A page looks at a bounded number of devices, so that a fleet of millions is told of in many short turns rather than
//! in a long one.

use alloc::{format, vec, vec::Vec};

use fleetfold_schemas::{
    command::Lifecycle,
    compliance::{CompliancePage, LackingDevice, PAGE_DEVICES_MAX, ReleaseCompliance},
    explain::{Reason, Statement},
    operator::Tenants,
};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::explain;
use crate::{
    CampaignIx, DeviceIx, ReleaseIx, State, Timestamp,
    decide::precedence,
    state::{Device, Number},
};

/// Of the devices from this number on; only of those of these tenants, if there are any.
#[must_use]
pub fn compliance(
    state: &State,
    tenants: Option<&Tenants>,
    from: DeviceIx,
    limit: u32,
    now: Timestamp,
) -> CompliancePage {
    let security: Vec<_> = state
        .releases
        .iter()
        .filter(|(_, release)| release.advisories.is_some())
        .map(|(ix, _)| ix)
        .collect();
    let mut survey = Survey {
        state,
        now,
        counts: vec![(0, 0); security.len()],
        security,
        known: HashMap::with_hasher(FxBuildHasher),
    };
    let (mut devices, mut lacking) = (0, Vec::new());
    let end = state
        .devices
        .len()
        .min(from.saturating_add(PAGE_DEVICES_MAX));
    let mut next = from;
    while next < end && lacking.len() < limit as usize {
        let device = state.devices.get(next);
        let is_asked_about = tenants
            .is_none_or(|tenants| device.tenant().is_some_and(|tenant| tenants.has(&tenant)));
        if device.lifecycle() != Lifecycle::Retired && is_asked_about {
            devices += 1;
            lacking.extend(survey.look_at(next, device));
        }
        next += 1;
    }
    CompliancePage {
        devices,
        releases: survey.releases(),
        lacking,
        next: (next < state.devices.len()).then_some(next),
    }
}

struct Survey<'s> {
    state: &'s State,
    now: Timestamp,
    security: Vec<ReleaseIx>,
    /// How many have each of them, and how many lack it.
    counts: Vec<(u32, u32)>,
    /// The security releases that devices of a model with an image lack, by their places.
    known: HashMap<(Number, Option<Number>), Vec<usize>, FxBuildHasher>,
}

impl Survey<'_> {
    fn look_at(&mut self, ix: DeviceIx, device: Device<'_>) -> Option<LackingDevice> {
        let numbers = device.numbers();
        let kind = (numbers.model, numbers.running);
        if !self.known.contains_key(&kind) {
            let lacks = self.lacks(device);
            self.known.insert(kind, lacks);
        }
        let lacks = &self.known[&kind];
        for (at, release) in self.security.iter().enumerate() {
            if self.state.releases.get(*release).model == *device.model() {
                let (have, lack) = &mut self.counts[at];
                let is_lacking = lacks.contains(&at);
                *have += u32::from(!is_lacking);
                *lack += u32::from(is_lacking);
            }
        }
        let (first, last) = (
            self.security[*lacks.first()?],
            self.security[*lacks.last()?],
        );
        let versions = lacks
            .iter()
            .map(|at| self.state.releases.get(self.security[*at]));
        let published = self.state.releases.get(first).published_at;
        let (campaign, why) = self.why(ix, device, last);
        Some(LackingDevice {
            device: device.id(),
            model: device.model().clone(),
            running: device.running().map(|(_, image)| image.version.clone()),
            lacks: versions.map(|release| release.version.clone()).collect(),
            since_ms: published.max(device.registered_at()),
            last_seen_ms: device.last_seen(),
            campaign: campaign.map(|ix| self.state.campaigns.get(ix).id().clone()),
            why,
        })
    }

    /// By what it runs: a release that stands above another has all that the other has. What is no release has nothing.
    fn lacks(&self, device: Device<'_>) -> Vec<usize> {
        let running = device.running_digest();
        let own = |release: &crate::state::Release| {
            release.model == *device.model() && Some(release.image) == running
        };
        let releases = self.state.releases.iter();
        let reached = releases
            .filter(|(_, release)| own(release))
            .map(|(_, release)| release.sequence)
            .max();
        let is_lacking = |(_, ix): &(usize, &ReleaseIx)| {
            let release = self.state.releases.get(**ix);
            release.model == *device.model()
                && reached.is_none_or(|reached| reached < release.sequence)
        };
        let lacking = self.security.iter().enumerate().filter(is_lacking);
        lacking.map(|(at, _)| at).collect()
    }

    fn why(
        &self,
        ix: DeviceIx,
        device: Device<'_>,
        wanted: ReleaseIx,
    ) -> (Option<CampaignIx>, Vec<Statement>) {
        let statement = |reason, text| Statement {
            reason,
            text,
            position: None,
            until_ms: None,
        };
        let campaign = self.bringing(ix, device, wanted);
        let mut why = match campaign {
            Some(campaign) => {
                let explanation = explain(self.state, ix, Some(campaign), self.now);
                let parts = explanation.campaigns.into_iter();
                parts.flat_map(|part| part.turn).collect()
            }
            None => vec![statement(
                Reason::NoCampaign,
                "no campaign that brings it has come to this device".into(),
            )],
        };
        let is_release = device.running_digest().is_none_or(|running| {
            let mut releases = self.state.releases.iter();
            releases.any(|(_, release)| release.image == running)
        });
        if let Some((_, image)) = device.running()
            && !is_release
        {
            let text = format!(
                "it runs {}, an image that is no release here",
                image.version
            );
            why.push(statement(Reason::NotARelease, text));
        }
        if device.last_seen().is_none() {
            let text = "it has never been heard of".into();
            why.push(statement(Reason::NeverHeardOf, text));
        }
        (campaign, why)
    }

    /// The campaign under way that brings it, or else the latest that was to.
    fn bringing(&self, ix: DeviceIx, device: Device<'_>, wanted: ReleaseIx) -> Option<CampaignIx> {
        let wanted = self.state.releases.get(wanted).sequence;
        let brings = |campaign: &CampaignIx| {
            let row = self.state.campaigns.get(*campaign);
            let (arm, _) = row.arm_of(device);
            let release = row.release_in(arm, device.model());
            let is_enough =
                release.is_some_and(|ix| self.state.releases.get(ix).sequence >= wanted);
            is_enough && row.member_of(ix, &self.state.devices).is_some()
        };
        let key =
            |campaign: &CampaignIx| precedence(self.state.campaigns.get(*campaign), *campaign);
        let active = self.state.campaigns.active().filter(brings).min_by_key(key);
        let latest = device.execution().map(|(campaign, _)| campaign);
        active.or(latest.filter(brings))
    }

    fn releases(&self) -> Vec<ReleaseCompliance> {
        let pairs = self.security.iter().zip(&self.counts);
        let told = pairs.map(|(ix, (have, lack))| {
            let release = self.state.releases.get(*ix);
            ReleaseCompliance {
                model: release.model.clone(),
                version: release.version.clone(),
                advisories: release.advisories.clone().unwrap_or_default(),
                published_ms: release.published_at,
                have: *have,
                lack: *lack,
            }
        });
        told.collect()
    }
}
