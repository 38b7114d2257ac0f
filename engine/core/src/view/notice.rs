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
    fact::{AlertRaised, TicketClosed, TicketClosure, TicketOpened},
    state::{StorageShortage, Ticket},
};

/// Whether there is anything to tell of the fact.
#[must_use]
pub const fn is_notable(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::StorageLow(_)
            | Fact::StorageRecovered(_)
            | Fact::AlertRaised(_)
            | Fact::AlertCleared(_)
            | Fact::TicketOpened(_)
            | Fact::TicketClosed(_)
    )
}

/// Type and data of the notice. `None`: the fact is about no alert and no ticket. The state has folded it in, and perhaps
/// later ones: whatever it says here is the same for ever, but for the number of devices of a ticket about many.
#[must_use]
pub fn notice(
    state: &State,
    position: u64,
    at: Timestamp,
    fact: &Fact,
) -> Option<(NoticeKind, NoticeData)> {
    Some(match fact {
        Fact::StorageLow(fact) => {
            let shortage = StorageShortage {
                since: at,
                free_bytes: fact.free_bytes,
                floor_bytes: fact.floor_bytes,
            };
            let data = NoticeData {
                alert: Some(alert::storage_low(&shortage)),
                ..of_alert(state, position, None, AlertName::StorageLow)
            };
            (NoticeKind::AlertRaised, data)
        }
        Fact::StorageRecovered(_) => {
            let data = of_alert(state, position, None, AlertName::StorageLow);
            (NoticeKind::AlertCleared, data)
        }
        Fact::AlertRaised(AlertRaised { campaign, trouble }) => {
            let about = of_alert(state, position, *campaign, trouble.name());
            let data = NoticeData {
                alert: Some(alert::raised(about.campaign.clone(), at, trouble)),
                ..about
            };
            (NoticeKind::AlertRaised, data)
        }
        Fact::AlertCleared(fact) => {
            let data = of_alert(state, position, fact.campaign, fact.alert);
            (NoticeKind::AlertCleared, data)
        }
        Fact::TicketOpened(fact) => (NoticeKind::TicketOpened, opened(state, position, at, fact)),
        Fact::TicketClosed(fact) => (NoticeKind::TicketClosed, closed(state, position, fact)),
        _ => return None,
    })
}

fn of_alert(
    state: &State,
    position: u64,
    campaign: Option<CampaignIx>,
    alert: AlertName,
) -> NoticeData {
    let campaign = campaign.map(|ix| state.campaigns.get(ix).id().clone());
    NoticeData {
        position,
        id: alert.id(campaign.as_ref()).to_string(),
        campaign,
        alert: None,
        ticket: None,
        closed_by: None,
        reason: None,
    }
}

fn opened(state: &State, position: u64, at: Timestamp, fact: &TicketOpened) -> NoticeData {
    let row = state.campaigns.get(fact.campaign);
    let device = fact.device;
    let ticket = Ticket {
        campaign: fact.campaign,
        member: device.and_then(|device| row.member_of(device, &state.devices)),
        opened_at: at,
        error: fact.error.clone(),
        attempts: fact.attempts,
    };
    NoticeData {
        ticket: Some(alert::opened(state, position, &ticket)),
        ..of_ticket(state, position, position, fact.campaign)
    }
}

fn closed(state: &State, position: u64, fact: &TicketClosed) -> NoticeData {
    let (closed_by, reason) = match &fact.closure {
        TicketClosure::Operator { operator, reason } => (Some(operator.clone()), reason.clone()),
        TicketClosure::Success => (None, None),
    };
    NoticeData {
        closed_by,
        reason,
        ..of_ticket(state, position, fact.ticket, fact.campaign)
    }
}

fn of_ticket(state: &State, position: u64, number: u64, campaign: CampaignIx) -> NoticeData {
    NoticeData {
        position,
        id: TicketId(number).to_string(),
        campaign: Some(state.campaigns.get(campaign).id().clone()),
        alert: None,
        ticket: None,
        closed_by: None,
        reason: None,
    }
}
