//! The pure core of Fleetfold: what the engine knows and how it decides.
//!
//! Requests ask, facts tell. [`accept`] turns a request into facts or a rejection, [`decide`] turns facts and time into
//! more facts, [`judge`] answers for a phase *hold*, *advance* or *pause*, always with the reason, and [`apply`] folds a
//! fact into the state and never fails. [`Core`] runs them in order and says what the world should now look like as
//! [`Effect`]s; carrying those out is the shell's work.
//!
//! Absent on purpose: clocks, IO, threads, randomness, the environment and hash-seeded maps. The crate is `no_std`, so
//! none of them can be named here. Time is an argument.

#![no_std]

extern crate alloc;

mod accept;
mod alerts;
mod apply;
mod approval;
pub mod calendar;
pub mod cohort;
mod compared;
mod core;
mod decide;
mod effect;
pub mod fact;
pub mod gate;
mod hold;
mod judge;
mod membership;
mod offers;
mod pace;
mod path;
mod request;
mod rollback;
mod schedule;
pub mod snapshot;
pub mod state;
mod stored;
mod tickets;
mod timers;
mod turns;
pub mod view;

pub use self::{
    approval::may_approve,
    core::{Core, STARTS_PER_STEP_MAX, Step},
    effect::{Effect, OperatorCut},
    fact::Fact,
    judge::{HoldReason, Verdict, judge},
    membership::roster_now,
    pace::Limit,
    request::{Answer, DeltaOutcome, DeviceMessage, Request, StoredArtifact},
    state::State,
};

/// Milliseconds since the Unix epoch, UTC.
pub type Timestamp = u64;

/// A device's row in the table: assigned once by its registration, never reused.
pub type DeviceIx = u32;
/// A campaign's row.
pub type CampaignIx = u32;
/// A release's row.
pub type ReleaseIx = u32;
