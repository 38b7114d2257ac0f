//! Which ways to an image a device is offered.

use alloc::{vec, vec::Vec};

use fleetfold_schemas::{
    Digest,
    job::{DELTA_FORMAT, Offer},
};

use crate::{
    CampaignIx, DeviceIx, State,
    state::{Delta, Device, Release},
};

/// The whole image always; first the delta from what the device runs, if there is one and the device can apply it.
pub fn offers(state: &State, device: Device<'_>, release: &Release) -> Vec<Offer> {
    let can_apply = device
        .inventory()
        .capabilities
        .iter()
        .any(|capability| capability.as_str() == DELTA_FORMAT);
    let running = device.running_digest().filter(|_| can_apply);
    offers_from(state, release, running)
}

/// The same for a device that can apply deltas and runs this; the whole image alone without.
pub fn offers_from(state: &State, release: &Release, running: Option<Digest>) -> Vec<Offer> {
    let full = Offer::Full {
        digest: release.image,
        size_bytes: release.image_bytes,
    };
    let delta = release.deltas.iter().find_map(|(from, delta)| match delta {
        Delta::Ready { digest, bytes } if Some(state.releases.get(*from).image) == running => {
            Some(Offer::Delta {
                digest: *digest,
                size_bytes: *bytes,
                from: state.releases.get(*from).image,
                format: DELTA_FORMAT.into(),
            })
        }
        _ => None,
    });
    match delta {
        Some(delta) => vec![delta, full],
        None => vec![full],
    }
}

/// What the next attempt of a device may cost to send: its best offer.
pub fn offered_bytes(state: &State, campaign: CampaignIx, device: DeviceIx) -> u64 {
    let row = state.campaigns.get(campaign);
    let Some(at) = row.member_of(device, &state.devices) else {
        return 0;
    };
    let release = state.releases.get(row.aim(at, &state.devices));
    let offers = offers(state, state.devices.get(device), release);
    offers.first().map_or(0, |offer| match offer {
        Offer::Full { size_bytes, .. } | Offer::Delta { size_bytes, .. } => *size_bytes,
    })
}
