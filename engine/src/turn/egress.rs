//! What the core decides, as messages and work for others.
//!
//! Effects say which topic should hold something new; what it holds is rendered here, from state that is on disk.

use bytes::Bytes;
use fleetfold_broker::{Qos, no_tenants};
use fleetfold_core::{CampaignIx, DeviceIx, Effect, Fact, view};
use fleetfold_schemas::{
    DeviceTopic, OperatorTopic, TicketId, Topic, codec::encode_json, device::Ack,
    operator::Tenants, topic::CampaignTopic,
};

use super::{DeltaOrder, World, retained::Renderer, scope};

/// Shows the world what a step led to.
pub fn perform(renderer: &Renderer<'_>, effects: &[Effect], world: &mut impl World) {
    for effect in effects {
        perform_one(renderer, effect, world);
    }
}

/// Shows auditors the facts of a step, the first of which has the position `first`.
pub fn publish_facts(renderer: &Renderer<'_>, first: u64, facts: &[Fact], world: &mut impl World) {
    if !world.has_subscriber(&Topic::LogFacts, &no_tenants) {
        return;
    }
    for (position, fact) in (first..).zip(facts) {
        let json = view::fact(renderer.state, position, renderer.now, fact);
        let payload = encode_json(&json).into();
        world.publish(&Topic::LogFacts, payload, Qos::AtLeastOnce, &no_tenants);
    }
}

fn perform_one(renderer: &Renderer<'_>, effect: &Effect, world: &mut impl World) {
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
            publish(renderer, world, &topic, Qos::AtMostOnce, || {
                ack.encode().into()
            });
        }
        Effect::Reply { operator, reply } => {
            let topic = Topic::Operator(operator.clone(), OperatorTopic::Reply);
            publish(renderer, world, &topic, Qos::AtLeastOnce, || {
                encode_json(reply).into()
            });
        }
        Effect::DeviceJob(ix) => publish_job(renderer, *ix, world),
        Effect::CampaignJobs(ix) => publish_jobs(renderer, *ix, world),
        Effect::DeviceStatus(ix) => {
            let topic = Topic::Device(state.devices.get(*ix).id(), DeviceTopic::Status);
            publish(renderer, world, &topic, Qos::AtLeastOnce, || {
                renderer.device(*ix)
            });
        }
        Effect::CampaignStatus(ix) => {
            let id = state.campaigns.get(*ix).id().clone();
            let topic = Topic::Campaign(id, CampaignTopic::Status);
            publish(renderer, world, &topic, Qos::AtLeastOnce, || {
                renderer.campaign(*ix)
            });
        }
        Effect::CampaignReport(ix) => publish_report(renderer, *ix, world),
        Effect::Release(ix) => {
            let release = state.releases.get(*ix);
            let topic = Topic::Release(release.model.clone(), release.version.clone());
            publish(renderer, world, &topic, Qos::AtLeastOnce, || {
                renderer.release(*ix)
            });
        }
        Effect::FleetSummary => {
            publish(
                renderer,
                world,
                &Topic::FleetSummary,
                Qos::AtLeastOnce,
                || renderer.fleet(),
            );
        }
        Effect::Alert(campaign, alert) => {
            let topic = renderer.alert_topic(*campaign, *alert);
            publish(renderer, world, &topic, Qos::AtLeastOnce, || {
                renderer.alert(*campaign, *alert)
            });
        }
        Effect::Ticket(number) => {
            let topic = Topic::Ticket(TicketId(*number));
            publish(renderer, world, &topic, Qos::AtLeastOnce, || {
                renderer.ticket(*number)
            });
        }
        Effect::BuildDelta { release, from } => world.build_delta(DeltaOrder {
            release: *release,
            from: *from,
            new: state.releases.get(*release).image,
            old: state.releases.get(*from).image,
        }),
        Effect::DisconnectOperator { operator, cause } => {
            world.disconnect_operator(operator, *cause);
        }
        Effect::Disconnect(ix) => world.disconnect(&state.devices.get(*ix).id()),
    }
}

/// The campaign's report as it is now; a large campaign's follows when it is made.
pub fn publish_report(renderer: &Renderer<'_>, ix: CampaignIx, world: &mut impl World) {
    let topic = report_topic(renderer, ix);
    let concerns = |tenants: &Tenants| scope::concerns(renderer.state, &topic, tenants);
    if world.has_subscriber(&topic, &concerns)
        && let Some(report) = renderer.report(ix)
        && !renderer.reports.is_wanted(ix)
    {
        world.publish(&topic, report, Qos::AtLeastOnce, &concerns);
    }
}

/// A report that has just been made.
pub fn publish_made_report(renderer: &Renderer<'_>, ix: CampaignIx, world: &mut impl World) {
    let topic = report_topic(renderer, ix);
    let concerns = |tenants: &Tenants| scope::concerns(renderer.state, &topic, tenants);
    if world.has_subscriber(&topic, &concerns)
        && let Some(report) = renderer.report(ix)
    {
        world.publish(&topic, report, Qos::AtLeastOnce, &concerns);
    }
}

fn report_topic(renderer: &Renderer<'_>, ix: CampaignIx) -> Topic {
    let id = renderer.state.campaigns.get(ix).id().clone();
    Topic::Campaign(id, CampaignTopic::Report)
}

fn publish_job(renderer: &Renderer<'_>, ix: DeviceIx, world: &mut impl World) {
    let id = renderer.state.devices.get(ix).id();
    let topic = Topic::Device(id, DeviceTopic::Job);
    publish(renderer, world, &topic, Qos::AtLeastOnce, || {
        renderer.job(ix)
    });
}

fn publish_jobs(renderer: &Renderer<'_>, ix: CampaignIx, world: &mut impl World) {
    let campaign = renderer.state.campaigns.get(ix);
    let begun = campaign.roster.begun();
    for (_, member) in begun.filter(|(_, member)| member.is_open()) {
        publish_job(renderer, member.device, world);
    }
}

/// Renders only for somebody.
fn publish(
    renderer: &Renderer<'_>,
    world: &mut impl World,
    topic: &Topic,
    qos: Qos,
    render: impl FnOnce() -> Bytes,
) {
    let concerns = |tenants: &Tenants| scope::concerns(renderer.state, topic, tenants);
    if world.has_subscriber(topic, &concerns) {
        world.publish(topic, render(), qos, &concerns);
    }
}
