//! All campaigns, and which of them something may still happen to.

use alloc::{collections::BTreeSet, vec::Vec};

use fleetfold_schemas::{
    CampaignId,
    mutant::{Mutant, is_on},
};

use crate::{
    CampaignIx, DeviceIx, Timestamp,
    state::{Campaign, Waits, is_news},
};

/// All campaigns, in the order of their creation.
#[derive(Debug, Clone, Default)]
pub struct Campaigns {
    rows: Vec<Campaign>,
    /// Those that something may still happen to by itself.
    active: BTreeSet<CampaignIx>,
    /// Those with open requests.
    asking: BTreeSet<CampaignIx>,
}

impl Campaigns {
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.rows.len()).expect("rows are numbered by u32")
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[must_use]
    pub fn get(&self, ix: CampaignIx) -> &Campaign {
        &self.rows[ix as usize]
    }

    pub(crate) fn get_mut(&mut self, ix: CampaignIx) -> &mut Campaign {
        &mut self.rows[ix as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = (CampaignIx, &Campaign)> {
        (0..).zip(&self.rows)
    }

    #[must_use]
    pub fn find(&self, id: &CampaignId) -> Option<CampaignIx> {
        self.iter()
            .find(|(_, campaign)| campaign.spec.id == *id)
            .map(|(ix, _)| ix)
    }

    /// Those with requests that wait for people.
    pub fn asking(&self) -> impl Iterator<Item = CampaignIx> {
        self.asking.iter().copied()
    }

    /// A request has been opened or closed.
    pub(crate) fn set_asking(&mut self, ix: CampaignIx) {
        if self.rows[ix as usize].approvals.is_empty() {
            self.asking.remove(&ix);
        } else {
            self.asking.insert(ix);
        }
    }

    /// Staged, rolling, paused or monitoring ones.
    pub fn active(&self) -> impl Iterator<Item = CampaignIx> {
        self.active.iter().copied()
    }

    /// A device has been heard of, and before that at another time, if ever.
    pub(crate) fn heard(&mut self, device: DeviceIx, before: Option<Timestamp>, at: Timestamp) {
        if is_news(before, at) && !is_on(Mutant::WordGoesUnheard) {
            for ix in &self.active {
                self.rows[*ix as usize]
                    .watch
                    .heard
                    .heard(device, before, at);
            }
        }
    }

    /// Nothing is expected of a device any more.
    pub(crate) fn retired(&mut self, device: DeviceIx, last_seen: Option<Timestamp>) {
        if is_on(Mutant::RetiredIsMissed) {
            return;
        }
        for ix in &self.active {
            self.rows[*ix as usize]
                .watch
                .heard
                .remove(device, last_seen);
        }
    }

    /// A row has been read from a snapshot: what follows from it is filled in.
    pub(crate) fn restored(&mut self, ix: CampaignIx) {
        let row = &mut self.rows[ix as usize];
        row.deferred = row
            .roster
            .begun()
            .filter(|(_, member)| member.state.is_put_off())
            .map(|(at, _)| at)
            .collect();
        let (mut waits, mut lost) = (Waits::default(), 0);
        for (_, member) in row.roster.begun() {
            waits.change(None, member.state.wait());
            lost += u32::from(member.is_lost_on_its_way_back());
        }
        (row.waits, row.lost_on_the_way_back) = (waits, lost);
        if row.status.is_rolling_back() {
            row.line_up_all();
        }
        let is_active = row.status.is_active();
        self.set_active(ix, is_active);
        self.set_asking(ix);
    }

    pub(crate) fn push(&mut self, campaign: Campaign) {
        self.rows.push(campaign);
    }

    pub(crate) fn set_active(&mut self, ix: CampaignIx, is_active: bool) {
        if is_active {
            self.active.insert(ix);
            return;
        }
        self.active.remove(&ix);
        if let Some(health) = &mut self.rows[ix as usize].health {
            health.forget(None);
        }
    }
}
