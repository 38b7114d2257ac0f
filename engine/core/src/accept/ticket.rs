//! Commands about tickets.

use alloc::{format, vec::Vec};

use fleetfold_schemas::{
    OperatorId,
    code::{Code, Rejection},
    command::CloseTicket,
};

use crate::{
    Fact, State,
    fact::{TicketClosed, TicketClosure},
};

pub fn close(
    state: &State,
    operator: &OperatorId,
    command: &CloseTicket,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let number = command.ticket.0;
    let Some(ticket) = state.tickets.get(number) else {
        return Err(Rejection::new(
            Code::UnknownTicket,
            format!("{} is not open", command.ticket),
        ));
    };
    let campaign = ticket.campaign;
    let row = state.campaigns.get(campaign);
    facts.push(
        TicketClosed {
            ticket: number,
            campaign,
            device: ticket.member.map(|at| row.member(at).device),
            closure: TicketClosure::Operator {
                operator: operator.clone(),
                reason: command.reason.clone(),
            },
        }
        .into(),
    );
    Ok(())
}
