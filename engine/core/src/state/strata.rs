//! Kinds of devices that gates look at one by one.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use fleetfold_schemas::campaign::StrataKey;

use super::{Device, Devices, Member, Stratum};

/// Most strata of a campaign: evidence of each must be so many times as strong. The first is of all devices that are of
/// none of the others.
pub const STRATA_MAX: usize = 50;

/// Tells the members apart as they are at the start, and notes of each what it is.
pub fn tell_apart<'m>(
    key: &StrataKey,
    members: impl Iterator<Item = &'m mut Member>,
    table: &Devices,
) -> Vec<Stratum> {
    let mut strata = vec![Stratum::default()];
    let mut known = BTreeMap::from([(String::new(), 0)]);
    for member in members {
        let name = name_of(key, table.get(member.device));
        member.stratum = match known.get(&name) {
            Some(at) => *at,
            None if strata.len() == STRATA_MAX => 0,
            None => {
                let at = u8::try_from(strata.len()).expect("strata are few");
                strata.push(Stratum {
                    name: name.clone(),
                    ..Stratum::default()
                });
                known.insert(name, at);
                at
            }
        };
    }
    strata
}

/// Which of the strata a device is of that comes later.
pub fn stratum_of(key: &StrataKey, strata: &[Stratum], device: Device<'_>) -> u8 {
    let name = name_of(key, device);
    let at = strata.iter().position(|stratum| stratum.name == name);
    u8::try_from(at.unwrap_or_default()).expect("strata are few")
}

fn name_of(key: &StrataKey, device: Device<'_>) -> String {
    let text = |name: Option<&dyn ToString>| name.map(ToString::to_string).unwrap_or_default();
    match key {
        StrataKey::DeviceType => device.model().to_string(),
        StrataKey::Version => text(device.running().map(|(_, image)| &image.version as _)),
        StrataKey::HardwareRevision => text(device.inventory().hardware.as_ref().map(|v| v as _)),
        StrataKey::Region => text(device.inventory().region.as_ref().map(|v| v as _)),
        StrataKey::Tenant => text(device.inventory().tenant.as_ref().map(|v| v as _)),
        StrataKey::Attribute(name) => text(device.inventory().attributes.get(name).map(|v| v as _)),
    }
}
