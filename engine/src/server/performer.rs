//! Carries out effects: makes topics hold what the state says, and hands work to workers.
//!
//! Called only after the facts behind an effect are on disk.

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use fleetfold_broker::{Broker, DisconnectCause, Identity, Qos};
use fleetfold_core::{CampaignIx, Core, DeviceIx, Effect, Fact, Timestamp, view};
use fleetfold_schemas::{
    DeviceTopic, OperatorTopic, Topic, codec::encode_json, device::Ack, topic::CampaignTopic,
};

use super::retained::Renderer;
use crate::delta::DeltaWorker;

pub struct Performer {
    pub broker: Broker,
    pub job_key: SigningKey,
    pub deltas: DeltaWorker,
}

impl Performer {
    /// Shows the world what a step led to.
    pub fn perform(&self, core: &Core, effects: &[Effect], now: Timestamp) {
        let renderer = Renderer {
            state: core.state(),
            job_key: &self.job_key,
            now,
        };
        for effect in effects {
            self.perform_one(&renderer, effect);
        }
    }

    /// Shows auditors the facts of a step, the first of which has the position `first`.
    pub fn publish_facts(&self, core: &Core, first: u64, at: Timestamp, facts: &[Fact]) {
        if !self.broker.has_subscriber(&Topic::LogFacts) {
            return;
        }
        for (position, fact) in (first..).zip(facts) {
            let json = view::fact(core.state(), position, at, fact);
            self.broker.publish(
                &Topic::LogFacts,
                encode_json(&json).into(),
                Qos::AtLeastOnce,
            );
        }
    }

    fn perform_one(&self, renderer: &Renderer<'_>, effect: &Effect) {
        let state = renderer.state;
        match effect {
            Effect::Ack {
                device,
                epoch,
                seq,
                code,
            } => {
                let ack = Ack {
                    epoch: *epoch,
                    seq: *seq,
                    code: code.clone(),
                };
                let topic = Topic::Device(device.clone(), DeviceTopic::Ack);
                self.publish(&topic, Qos::AtMostOnce, || ack.encode().into());
            }
            Effect::Reply { operator, reply } => {
                let topic = Topic::Operator(operator.clone(), OperatorTopic::Reply);
                self.publish(&topic, Qos::AtLeastOnce, || encode_json(reply).into());
            }
            Effect::DeviceJob(ix) => self.publish_job(renderer, *ix),
            Effect::CampaignJobs(ix) => self.publish_jobs(renderer, *ix),
            Effect::DeviceStatus(ix) => {
                let topic = Topic::Device(state.devices.get(*ix).id.clone(), DeviceTopic::Status);
                self.publish(&topic, Qos::AtLeastOnce, || renderer.device(*ix));
            }
            Effect::CampaignStatus(ix) => {
                let topic =
                    Topic::Campaign(state.campaigns.get(*ix).id().clone(), CampaignTopic::Status);
                self.publish(&topic, Qos::AtLeastOnce, || renderer.campaign(*ix));
            }
            Effect::Release(ix) => {
                let release = state.releases.get(*ix);
                let topic = Topic::Release(release.model.clone(), release.version.clone());
                self.publish(&topic, Qos::AtLeastOnce, || renderer.release(*ix));
            }
            Effect::FleetSummary => {
                self.publish(&Topic::FleetSummary, Qos::AtLeastOnce, || renderer.fleet());
            }
            Effect::BuildDelta { release, from } => {
                let old = state.releases.get(*from).image;
                let new = state.releases.get(*release).image;
                self.deltas.request(*release, *from, old, new);
            }
            Effect::Disconnect(ix) => {
                let id = state.devices.get(*ix).id.clone();
                let identity = Identity::Device {
                    id,
                    login_counter: None,
                };
                self.broker
                    .disconnect(&identity, DisconnectCause::CredentialsRevoked);
            }
        }
    }

    fn publish_job(&self, renderer: &Renderer<'_>, ix: DeviceIx) {
        let id = renderer.state.devices.get(ix).id.clone();
        self.publish(
            &Topic::Device(id, DeviceTopic::Job),
            Qos::AtLeastOnce,
            || renderer.job(ix),
        );
    }

    fn publish_jobs(&self, renderer: &Renderer<'_>, ix: CampaignIx) {
        let campaign = renderer.state.campaigns.get(ix);
        let offered = &campaign.members[..campaign.offered as usize];
        for member in offered.iter().filter(|member| member.is_open()) {
            self.publish_job(renderer, member.device);
        }
    }

    /// Renders only for somebody.
    fn publish(&self, topic: &Topic, qos: Qos, render: impl FnOnce() -> Bytes) {
        if self.broker.has_subscriber(topic) {
            self.broker.publish(topic, render(), qos);
        }
    }
}
