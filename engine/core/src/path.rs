//! The way of a device to a release: straight there, or over releases that must be passed through.
//!
//! A release may ask for what a device must run before it may install it, and for hardware. Releases that do not are
//! never looked at twice.

use alloc::vec::Vec;

use fleetfold_schemas::Version;

use crate::{
    ReleaseIx,
    state::{Device, Release, Releases},
};

/// What a device can be given on its way to a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Direct,
    /// This one first.
    Via(ReleaseIx),
    /// No releases lead from what it runs to what it should run.
    None,
    /// The release is not for its hardware revision, or it does not say which it has.
    Hardware,
    /// It has never said what it runs.
    Unknown,
}

/// Whether anything about a device matters for a release but its model.
#[must_use]
pub fn is_conditional(release: &Release) -> bool {
    release.requires.is_some() || !release.hardware.is_empty()
}

/// The next step of a device that is to run `target`: as few as there can be, and the newest of those that are as good.
#[must_use]
pub fn way(releases: &Releases, target: ReleaseIx, device: Device<'_>) -> Way {
    let wanted = releases.get(target);
    if !is_conditional(wanted) {
        return Way::Direct;
    }
    let Some((_, running)) = device.running() else {
        return Way::Unknown;
    };
    if running.digest == wanted.image {
        return Way::Direct;
    }
    let hardware = device.inventory().hardware;
    if !is_for(wanted, hardware.as_ref()) {
        return Way::Hardware;
    }
    if may_follow(wanted, &running.version) {
        return Way::Direct;
    }
    let sequence = releases
        .iter()
        .filter(|(_, release)| release.model == wanted.model && release.image == running.digest)
        .map(|(_, release)| release.sequence)
        .max();
    // Devices refuse to go back to an older release, and one that nobody knows tells its age by its version alone.
    let is_ahead = |release: &Release| match sequence {
        Some(sequence) => release.sequence > sequence,
        None => !release.version.is_below(&running.version),
    };
    let mut left: Vec<ReleaseIx> = releases
        .iter()
        .filter(|(_, release)| {
            release.model == wanted.model
                && release.sequence < wanted.sequence
                && is_for(release, hardware.as_ref())
                && is_ahead(release)
        })
        .map(|(ix, _)| ix)
        .collect();
    // From the target back, a step at a time.
    let mut reached = alloc::vec![target];
    while !reached.is_empty() {
        let leads_on = |from: &ReleaseIx| {
            let from = releases.get(*from);
            reached.iter().any(|to| {
                let to = releases.get(*to);
                from.sequence < to.sequence && may_follow(to, &from.version)
            })
        };
        let (step, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(leads_on);
        let first = step
            .iter()
            .filter(|ix| may_follow(releases.get(**ix), &running.version))
            .max_by_key(|ix| releases.get(**ix).sequence);
        if let Some(first) = first {
            return Way::Via(*first);
        }
        (reached, left) = (step, rest);
    }
    Way::None
}

fn is_for(release: &Release, hardware: Option<&Version>) -> bool {
    release.hardware.is_empty() || hardware.is_some_and(|own| release.hardware.contains(own))
}

/// Whether a device that runs this version may install the release.
fn may_follow(release: &Release, running: &Version) -> bool {
    (release.requires.as_ref()).is_none_or(|requires| requires.matches(running))
}
