//! Tickets about devices that have failed for good.
//!
//! What is to be opened and closed is noted by `apply`, so nothing is looked for here.

use alloc::vec::Vec;

use crate::{
    CampaignIx, Fact, State,
    fact::{TicketClosed, TicketClosure, TicketOpened},
    state::TICKETS_MAX,
};

/// Opens and closes what is due.
pub fn campaign(state: &State, ix: CampaignIx, facts: &mut Vec<Fact>) {
    let row = state.campaigns.get(ix);
    let watch = &row.watch;
    for number in &watch.to_close {
        let ticket = state.tickets.get(*number);
        let member = ticket.and_then(|ticket| ticket.member);
        facts.push(
            TicketClosed {
                ticket: *number,
                campaign: ix,
                device: member.map(|at| row.member(at).device),
                closure: TicketClosure::Success,
            }
            .into(),
        );
    }
    let open = watch.tickets.len().saturating_sub(watch.to_close.len());
    let mut room = TICKETS_MAX.saturating_sub(open);
    for at in &watch.to_open {
        let member = row.member(*at);
        let (device, error) = match room {
            0 => (None, None),
            _ => (Some(member.device), member.error.as_deref().cloned()),
        };
        if device.is_none() && watch.further.is_some() {
            return;
        }
        facts.push(
            TicketOpened {
                campaign: ix,
                device,
                error,
                attempts: if device.is_some() { member.attempts } else { 0 },
            }
            .into(),
        );
        if room == 0 {
            return;
        }
        room -= 1;
    }
}
