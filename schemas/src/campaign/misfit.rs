//! Why a device does not fit criteria, key by key.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Display;

use super::group::{Criteria, Facets};

impl Criteria {
    /// What keeps a device out, one text a key; empty if it fits.
    #[must_use]
    pub fn misfits(&self, device: &Facets<'_>) -> Vec<String> {
        let mut texts = Vec::new();
        let mut one_of = |key: &str, wanted: Option<String>, found: Option<String>| {
            let Some(wanted) = wanted else { return };
            texts.push(match found {
                Some(found) => format!("{key} is {found}, not {wanted}"),
                None => format!("{key} is not known, {wanted} is wanted"),
            });
        };
        one_of(
            "device_type",
            missing(self.device_type.as_ref(), Some(device.model)),
            Some(device.model.to_string()),
        );
        one_of(
            "hardware_revision",
            missing(self.hardware_revision.as_ref(), device.hardware),
            device.hardware.map(ToString::to_string),
        );
        one_of(
            "region",
            missing(self.region.as_ref(), device.region),
            device.region.map(ToString::to_string),
        );
        one_of(
            "tenant",
            missing(self.tenant.as_ref(), device.tenant),
            device.tenant.map(ToString::to_string),
        );
        let wanted = self
            .version
            .as_ref()
            .filter(|_| !self.fits_version(device.version));
        one_of(
            "version",
            wanted.map(|wanted| either(wanted.iter())),
            device.version.map(ToString::to_string),
        );
        for (key, wanted) in &self.attributes {
            let found = device.attributes.get(key);
            one_of(
                &format!("attribute {key}"),
                missing(wanted.as_ref(), found),
                found.map(ToString::to_string),
            );
        }
        let lacks = self.tags.iter().flatten();
        let lacks: Vec<_> = lacks.filter(|tag| !device.tags.contains(tag)).collect();
        if !lacks.is_empty() {
            let all: Vec<_> = lacks.iter().map(ToString::to_string).collect();
            texts.push(format!("tags: {} missing", all.join(", ")));
        }
        if let Some(wanted) = &self.tags_any
            && !wanted.iter().any(|tag| device.tags.contains(tag))
        {
            texts.push(format!("tags_any: none of {}", either(wanted.iter())));
        }
        if let Some(ids) = &self.devices
            && !ids.contains(device.device)
        {
            texts.push("devices: it is not among those named".into());
        }
        if let Some(not) = &self.not
            && not.matches(device)
        {
            texts.push("not: it is what must not be".into());
        }
        texts
    }
}

/// What is wanted, if it is not what is found.
fn missing<T: PartialEq + Display>(wanted: Option<&Vec<T>>, found: Option<&T>) -> Option<String> {
    let wanted = wanted?;
    let fits = found.is_some_and(|found| wanted.contains(found));
    (!fits).then(|| either(wanted.iter()))
}

/// `a`, `a or b`, `a, b or c`
fn either<T: Display>(values: impl Iterator<Item = T>) -> String {
    let mut values: Vec<_> = values.map(|value| value.to_string()).collect();
    let Some(last) = values.pop() else {
        return "nothing".into();
    };
    if values.is_empty() {
        return last;
    }
    format!("{} or {last}", values.join(", "))
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use super::*;
    use crate::id::Name;

    #[test]
    fn every_key_that_fails_is_named_and_no_other() {
        let all = r#"{"device_type": ["a", "b"], "hardware_revision": "2", "region": "eu", "version": ">=2",
            "tenant": "acme", "tags": ["x", "y"], "tags_any": ["p", "q"], "attributes": {"site": "north"},
            "devices": "d2", "not": {"region": "us"}}"#;
        let criteria: Criteria = serde_json::from_str(all).unwrap();
        let (model, region) = ("c".parse().unwrap(), "us".parse().unwrap());
        let (version, tags) = ("1.0.0".parse().unwrap(), ["x".parse().unwrap()]);
        let attributes = BTreeMap::new();
        let device = Facets {
            device: "d1",
            model: &model,
            hardware: None,
            region: Some(&region),
            version: Some(&version),
            tenant: None,
            tags: &tags,
            attributes: &attributes,
        };
        assert_eq!(
            criteria.misfits(&device),
            [
                "device_type is c, not a or b",
                "hardware_revision is not known, 2 is wanted",
                "region is us, not eu",
                "tenant is not known, acme is wanted",
                "version is 1.0.0, not >=2",
                "attribute site is not known, north is wanted",
                "tags: y missing",
                "tags_any: none of p or q",
                "devices: it is not among those named",
                "not: it is what must not be",
            ]
        );
        let (model, region) = ("a".parse().unwrap(), "eu".parse().unwrap());
        let (hardware, version) = ("2".parse().unwrap(), "2.1.0".parse().unwrap());
        let tags = ["x", "y", "q"].map(|tag| tag.parse().unwrap());
        let tenant = "acme".parse().unwrap();
        let site: Name = "site".parse().unwrap();
        let attributes = BTreeMap::from([(site, "north".to_string())]);
        let device = Facets {
            device: "d2",
            model: &model,
            hardware: Some(&hardware),
            region: Some(&region),
            version: Some(&version),
            tenant: Some(&tenant),
            tags: &tags,
            attributes: &attributes,
        };
        assert!(criteria.misfits(&device).is_empty());
        assert!(criteria.matches(&device));
    }
}
