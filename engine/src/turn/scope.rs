//! Whom of the operators of tenants a topic concerns.
//!
//! Operators of all tenants never come here: it is asked only while somebody of some tenants would get the message.

use fleetfold_core::State;
use fleetfold_schemas::{Topic, operator::Tenants};

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
        // Of the whole site.
        Topic::Alert(_) | Topic::FleetSummary | Topic::LogFacts => false,
    }
}
