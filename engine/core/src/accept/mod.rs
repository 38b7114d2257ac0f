//! Requests to facts, or a rejection with its reason. Looks at the state, never changes it.

mod approval;
mod campaign;
mod device;
mod flag;
mod manual;
mod member;
mod operator;
mod release;
mod rollback;
mod scope;
mod staff;
mod ticket;

use alloc::vec::Vec;

pub use self::campaign::{canceled as cancel, described, resolved};

use fleetfold_schemas::{
    code::{Code, Rejection},
    operator::Tenants,
};

use crate::{
    Fact, ReleaseIx, State, Timestamp,
    fact::{DeltaAdded, DeltaUnavailable, OperatorAdded, SiteOpened, StorageLow, StorageRecovered},
    request::{Answer, DeltaOutcome, Request},
    state::Delta,
};

/// Adds the facts that the request leads to.
///
/// A rejected operator command leaves a fact too: who asked for what is part of the record, refused or not. Rejected
/// device input leaves none.
pub fn accept(state: &State, now: Timestamp, request: &Request, facts: &mut Vec<Fact>) -> Answer {
    match request {
        Request::OpenSite { site, speed } => {
            if state.site.is_some() {
                return Answer::Duplicate;
            }
            facts.push(
                SiteOpened {
                    site: site.clone(),
                    speed: *speed,
                }
                .into(),
            );
            Answer::Accepted
        }
        Request::AddOperator {
            operator,
            role,
            password_hash,
        } => {
            if state.operators.contains_key(operator) {
                return Answer::Duplicate;
            }
            facts.push(
                OperatorAdded {
                    operator: operator.clone(),
                    role: *role,
                    password_hash: password_hash.clone(),
                    tenants: Tenants::All,
                }
                .into(),
            );
            Answer::Accepted
        }
        Request::SetCampaignDefaults(defaults) => campaign::set_defaults(state, defaults, facts),
        Request::SetApprovalPolicy(policy) => approval::set_policy(state, policy, facts),
        Request::Device {
            device,
            fingerprint,
            message,
        } => device::accept(state, now, device, *fingerprint, message, facts),
        Request::Operator {
            operator,
            message,
            artifact,
        } => operator::accept(state, now, operator, message, artifact.as_ref(), facts),
        Request::Storage {
            free_bytes,
            floor_bytes,
        } => storage(state, *free_bytes, *floor_bytes, facts),
        Request::Delta {
            release,
            from,
            outcome,
        } => delta_done(state, *release, *from, outcome, facts),
    }
}

/// The end of a shortage takes a quarter more room than its begin, or it would flicker with every file that is removed.
fn storage(state: &State, free_bytes: u64, floor_bytes: u64, facts: &mut Vec<Fact>) -> Answer {
    let enough_bytes = floor_bytes.saturating_add(floor_bytes / 4);
    match state.storage_low {
        None if free_bytes < floor_bytes => facts.push(
            StorageLow {
                free_bytes,
                floor_bytes,
            }
            .into(),
        ),
        Some(_) if free_bytes >= enough_bytes => facts.push(StorageRecovered { free_bytes }.into()),
        _ => return Answer::Duplicate,
    }
    Answer::Accepted
}

/// The refusal of what has to wait until there is room again.
fn storage_low() -> Rejection {
    Rejection::new(
        Code::StorageLow,
        "there is hardly room left for the log: only pauses, cancels and reports on open work are taken",
    )
}

/// The first outcome counts: a worker may have been asked twice.
fn delta_done(
    state: &State,
    release: ReleaseIx,
    from: ReleaseIx,
    outcome: &DeltaOutcome,
    facts: &mut Vec<Fact>,
) -> Answer {
    let Some(Delta::Building) = state.releases.get(release).deltas.get(&from) else {
        return Answer::Duplicate;
    };
    facts.push(match outcome {
        DeltaOutcome::Built { digest, bytes } => DeltaAdded {
            release,
            from,
            digest: *digest,
            bytes: *bytes,
        }
        .into(),
        DeltaOutcome::Unavailable { reason } => DeltaUnavailable {
            release,
            from,
            reason: reason.clone(),
        }
        .into(),
    });
    Answer::Accepted
}
