//! Gates: pure functions from counts to "pause" or "go on".
//!
//! A phase has two. [`threshold`] is what an operator who writes "10 %" means, literally. [`confident`] pauses as soon as
//! the evidence against a normal failure rate is strong, and pauses a healthy campaign with a stated probability at most,
//! however often it is looked at.

pub mod confident;
mod special;
pub mod threshold;
