//! A device as the engine sees it: the agent that obeys jobs, and whole fleets of it.
//!
//! - [`agent`] is the reference for people who write device clients: a state machine without IO, clock or randomness.
//! - [`flash`] is what of a device survives a power cut: two slots, a place for a delta, and a small record.
//! - [`delta`] rebuilds an image from the running one and a delta.
//! - [`fleet`] runs thousands of agents over real MQTT connections, with the weather of your choice.

pub mod agent;
pub mod delta;
pub mod flash;
pub mod fleet;
