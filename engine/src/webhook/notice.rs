//! What a webhook is told of a fact.

use alloc::string::ToString;

use fleetfold_schemas::{
    TicketId,
    status::AlertName,
    webhook::{NoticeData, NoticeKind},
};

use super::alert;
use crate::{
    CampaignIx, Fact, State, Timestamp,
    fact::TicketClosure,
    state::{StorageShortage, Ticket},
};

/// `None`: the fact is about no alert and no ticket. The state has folded it in, and perhaps later ones.
#[must_use]
pub fn notice(
    state: &State,
    position: u64,
    at: Timestamp,
    fact: &Fact,
) -> Option<(NoticeKind, NoticeData)> {
    let about = |id: &dyn ToString| NoticeData {
        position,
        id: id.to_string(),
        alert: None,
        ticket: None,
        closed_by: None,
        reason: None,
    };
    let named = |campaign: Option<CampaignIx>, alert: AlertName| {
        about(&alert.id(campaign.map(|ix| state.campaigns.get(ix).id())))
    };
    Some(match fact {
        Fact::StorageLow(fact) => {
            let shortage = StorageShortage {
                since: at,
                free_bytes: fact.free_bytes,
                floor_bytes: fact.floor_bytes,
            };
            let data = NoticeData {
                alert: Some(alert::storage_low(&shortage)),
                ..named(None, AlertName::StorageLow)
            };
            (NoticeKind::AlertRaised, data)
        }
        Fact::StorageRecovered(_) => (
            NoticeKind::AlertCleared,
            named(None, AlertName::StorageLow),
        ),
        Fact::AlertRaised(fact) => {
            let campaign = fact.campaign.map(|ix| state.campaigns.get(ix).id().clone());
            let data = NoticeData {
                alert: Some(alert::raised(campaign, at, &fact.trouble)),
                ..named(fact.campaign, fact.trouble.name())
            };
            (NoticeKind::AlertRaised, data)
        }
        Fact::AlertCleared(fact) => (
            NoticeKind::AlertCleared,
            named(fact.campaign, fact.alert),
        ),
        Fact::TicketOpened(fact) => {
            let row = state.campaigns.get(fact.campaign);
            let member = fact
                .device
                .and_then(|device| row.member_of(device, &state.devices));
            let ticket = Ticket {
                campaign: fact.campaign,
                member,
                opened_at: at,
                error: fact.error.clone(),
                attempts: fact.attempts,
            };
            let data = NoticeData {
                ticket: Some(alert::opened(state, position, &ticket)),
                ..about(&TicketId(position))
            };
            (NoticeKind::TicketOpened, data)
        }
        Fact::TicketClosed(fact) => {
            let (closed_by, reason) = match &fact.closure {
                TicketClosure::Operator { operator, reason } => {
                    (Some(operator.clone()), reason.clone())
                }
                TicketClosure::Success => (None, None),
            };
            let data = NoticeData {
                closed_by,
                reason,
                ..about(&TicketId(fact.ticket))
            };
            (NoticeKind::TicketClosed, data)
        }
        _ => return None,
    })
}
