//! What one session has subscribed to.

use fleetfold_schemas::{id::DeviceId, topic::DeviceTopic};

use crate::{
    acl::{DEVICE_READS, device_filter_matches},
    packet::Options,
    refusal::Refusal,
};

#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    list: Vec<(Box<str>, Options)>,
    /// For a device: how it wants each of its topics, by `DeviceTopic`; so that a message needs no matching.
    by_topic: [Option<Options>; DeviceTopic::ALL.len()],
}

impl Subscriptions {
    /// Adds or replaces; whether the filter is new. A session at the limit can still replace.
    pub(crate) fn put(
        &mut self,
        filter: &str,
        options: Options,
        max: usize,
    ) -> Result<bool, Refusal> {
        if let Some((_, held)) = self.list.iter_mut().find(|(held, _)| **held == *filter) {
            *held = options;
            return Ok(false);
        }
        if self.list.len() >= max {
            return Err(Refusal::SubscriptionLimit);
        }
        self.list.push((filter.into(), options));
        Ok(true)
    }

    /// Whether there was one.
    pub(crate) fn remove(&mut self, filter: &str) -> bool {
        let before = self.list.len();
        self.list.retain(|(held, _)| **held != *filter);
        self.list.len() < before
    }

    pub(crate) fn contains(&self, filter: &str) -> bool {
        self.list.iter().any(|(held, _)| **held == *filter)
    }

    pub(crate) fn filters(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|(filter, _)| &**filter)
    }

    pub(crate) fn index_for_device(&mut self, id: &DeviceId) {
        self.by_topic = Default::default();
        for kind in DEVICE_READS {
            self.by_topic[kind as usize] = self
                .list
                .iter()
                .filter(|(filter, _)| device_filter_matches(id, filter, kind))
                .map(|(_, options)| *options)
                .reduce(merge);
        }
    }

    pub(crate) const fn of_device(&self, kind: DeviceTopic) -> Option<Options> {
        self.by_topic[kind as usize]
    }
}

/// Overlapping subscriptions of one client deliver a message once, at the best of their QoS (MQTT 5.0 section 3.3.4).
pub(crate) fn merge(left: Options, right: Options) -> Options {
    Options {
        qos: left.qos.max(right.qos),
        no_local: left.no_local && right.no_local,
        retain_as_published: left.retain_as_published || right.retain_as_published,
    }
}
