//! Kinds of devices that gates look at one by one.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use fleetfold_schemas::campaign::StrataKey;

use super::{Device, Devices, Member, Number, Stratum};

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
    // By the number of what tells, behind what it is to have none: devices that share it are of one stratum.
    let mut met: Vec<Option<u8>> = Vec::new();
    for member in members {
        let device = table.get(member.device);
        let number = number_of(key, device).map_or(0, |number| number.at() + 1);
        if met.len() <= number {
            met.resize(number + 1, None);
        }
        member.stratum = *met[number].get_or_insert_with(|| {
            let name = name_of(key, device);
            match known.get(&name) {
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
            }
        });
    }
    strata
}

/// Where a device says what tells.
fn number_of(key: &StrataKey, device: Device<'_>) -> Option<Number> {
    let numbers = device.numbers();
    match key {
        StrataKey::DeviceType => Some(numbers.model),
        StrataKey::Version => numbers.running,
        StrataKey::HardwareRevision | StrataKey::Region | StrataKey::Tenant => numbers.profile,
        StrataKey::Attribute(_) => numbers.attributes,
    }
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
