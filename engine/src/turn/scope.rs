//! Whom of the operators of tenants a topic concerns.
//!
//! Operators of all tenants never come here: it is asked only while somebody of some tenants would get the message.

use fleetfold_core::State;
use fleetfold_schemas::{Topic, operator::Tenants, status::AlertName};

/// Whether an operator of these tenants may see what the topic is about.
#[must_use]
pub fn concerns(state: &State, topic: &Topic, tenants: &Tenants) -> bool {
    if tenants.is_all() {
        return true;
    }
    match topic {
        Topic::Device(id, _) => {
            let device = state.devices.find(id);
            let tenant = device.and_then(|ix| state.devices.get(ix).tenant());
            tenant.is_some_and(|tenant| tenants.has(&tenant))
        }
        Topic::Campaign(id, _) => {
            let campaign = state.campaigns.find(id);
            campaign.is_some_and(|ix| tenants.include(&state.campaigns.get(ix).spec.owners()))
        }
        // Everybody installs them; and the broker gives an operator its own alone.
        Topic::Release(..) | Topic::Operator(..) => true,
        Topic::Alert(id) => {
            let campaign = AlertName::of(id).and_then(|(campaign, _)| campaign);
            let ix = campaign.and_then(|id| state.campaigns.find(&id));
            ix.is_some_and(|ix| tenants.include(&state.campaigns.get(ix).spec.owners()))
        }
        // What is empty says nothing of what it was about, and they are to see that it is closed.
        Topic::Ticket(id) => state.tickets.get(id.0).is_none_or(|ticket| {
            tenants.include(&state.campaigns.get(ticket.campaign).spec.owners())
        }),
        // Of the whole site.
        Topic::FleetSummary | Topic::LogFacts => false,
    }
}
