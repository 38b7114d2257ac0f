//! What facts change of alerts and tickets.

use fleetfold_schemas::{
    device::ErrorClass,
    mutant::{Mutant, is_on},
};

use super::member_at;
use crate::{
    Timestamp,
    fact::{
        AlertCleared, AlertRaised, Fact, RemovalCause, TicketClosed, TicketClosure, TicketOpened,
    },
    state::{Alerts, Campaign, Member, MemberState, Standing, State, Streaks, Ticket},
};

pub fn raised(state: &mut State, at: Timestamp, fact: &AlertRaised) {
    let standing = Standing {
        alert: fact.trouble.name(),
        changed_at: at,
        trouble: Some(fact.trouble),
    };
    alerts(state, fact.campaign).set(standing);
}

pub fn cleared(state: &mut State, at: Timestamp, fact: &AlertCleared) {
    let standing = Standing {
        alert: fact.alert,
        changed_at: at,
        trouble: None,
    };
    alerts(state, fact.campaign).set(standing);
}

fn alerts(state: &mut State, campaign: Option<crate::CampaignIx>) -> &mut Alerts {
    match campaign {
        Some(ix) => &mut state.campaigns.get_mut(ix).watch.alerts,
        None => &mut state.alerts,
    }
}

pub fn opened(state: &mut State, at: Timestamp, fact: &TicketOpened) {
    let number = state.position;
    let member = fact
        .device
        .and_then(|device| member_at(state, fact.campaign, device));
    let ticket = Ticket {
        campaign: fact.campaign,
        member,
        opened_at: at,
        error: fact.error.clone(),
        attempts: fact.attempts,
    };
    state.tickets.open(number, ticket);
    let watch = &mut state.campaigns.get_mut(fact.campaign).watch;
    match member {
        Some(member) => {
            watch.to_open.remove(&member);
            watch.tickets.insert(member, number);
        }
        None => {
            watch.to_open.clear();
            watch.further = Some(number);
        }
    }
}

pub fn closed(state: &mut State, fact: &TicketClosed) {
    let ticket = state.tickets.close(fact.ticket);
    let campaign = state.campaigns.get_mut(fact.campaign);
    campaign.watch.to_close.remove(&fact.ticket);
    match ticket.and_then(|ticket| ticket.member) {
        Some(member) => {
            campaign.watch.tickets.remove(&member);
            if let TicketClosure::Operator { .. } = fact.closure {
                // Somebody knows what has become of it.
                campaign.update_member(member, |member| member.silent = false);
            }
        }
        None => campaign.watch.further = None,
    }
}

/// It has failed, and nothing more follows by itself.
pub const fn is_given_up(member: &Member) -> bool {
    member.is_lost() || matches!(member.state, MemberState::ReturnFailed { .. })
}

/// Something has happened to a member: `was_given_up` says how it stood before.
pub fn moved(campaign: &mut Campaign, member: u32, at: Timestamp, was_given_up: bool, fact: &Fact) {
    campaign.watch.moved_at = match fact {
        // Waiting for something else, or for longer, is no step forward.
        Fact::ExecutionHeld(_) | Fact::WindowRenewed(_) => {
            campaign.watch.moved_at.max(campaign.member(member).since)
        }
        _ => at,
    };
    match fact {
        // A device that waits is not silent; when it goes on, its time begins anew.
        Fact::ExecutionAccepted(_) | Fact::ExecutionContinued(_) | Fact::ReturnAccepted(_) => {
            campaign.await_outcome(member, at);
        }
        fact if is_no_word(fact) => {}
        _ => campaign.outcome_known(member),
    }
    let was_silent = campaign.member(member).silent;
    let silent = is_silent(was_silent, fact);
    if silent != was_silent {
        campaign.update_member(member, |member| member.silent = silent);
    }
    let row = campaign.member(member);
    let (is_given_up, has_made_it) = (is_given_up(row), row.has_made_it());
    if !is_given_up {
        campaign.watch.not_lost(member, has_made_it);
    } else if !was_given_up
        && campaign.spec.failure_handling.create_support_tickets
        && is_of_the_device(fact)
        && !is_on(Mutant::TicketForgotten)
    {
        campaign.watch.lost(member);
    }
}

/// Another attempt is no word of the device, and giving it up is none either. With everything else it has spoken, or
/// somebody has taken it in hand.
fn is_no_word(fact: &Fact) -> bool {
    match fact {
        Fact::ExecutionQueued(_)
        | Fact::ExecutionDeferred(_)
        | Fact::WindowRenewed(_)
        | Fact::ReturnQueued(_)
        | Fact::ReturnDeferred(_) => true,
        Fact::ExecutionTimedOut(_) => !is_on(Mutant::GivingUpIsAWord),
        Fact::ExecutionRemoved(fact) => fact.cause == RemovalCause::NotContacted,
        Fact::ReturnFailed(fact) => fact.error.class == ErrorClass::LostContact,
        _ => false,
    }
}

/// Whether nobody knows any more what has become of a device after its job.
fn is_silent(was: bool, fact: &Fact) -> bool {
    match fact {
        Fact::ExecutionTimedOut(_) => true,
        Fact::ReturnFailed(fact) if fact.error.class == ErrorClass::LostContact => true,
        _ => was && is_no_word(fact),
    }
}

/// What has happened to a member is counted for its device, over all its campaigns.
pub fn count_streak(
    campaign: &Campaign,
    streaks: &mut Streaks,
    member: u32,
    was_given_up: bool,
    fact: &Fact,
) {
    let row = campaign.member(member);
    let has_tried = match fact {
        Fact::ExecutionSucceeded(fact) => !fact.already,
        Fact::Returned(fact) => !fact.already,
        _ => false,
    };
    // That it could not be reached is no failure.
    let is_removed = matches!(fact, Fact::ExecutionRemoved(_));
    if has_tried {
        streaks.succeeded(row.device);
    } else if is_given_up(row) && !was_given_up && is_of_the_device(fact) && !is_removed {
        let limit = campaign.spec.failure_handling.flag_after();
        streaks.failed(row.device, limit.into());
    }
}

/// Not an operator's doing.
fn is_of_the_device(fact: &Fact) -> bool {
    match fact {
        Fact::ExecutionFailed(_)
        | Fact::ExecutionRejected(_)
        | Fact::ExecutionTimedOut(_)
        | Fact::ExecutionRetracted(_)
        | Fact::ReturnFailed(_) => true,
        Fact::ExecutionRemoved(fact) => fact.cause == RemovalCause::NotContacted,
        _ => false,
    }
}
