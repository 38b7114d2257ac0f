//! What the tests of the whole system share: a site to try, firmware to roll out, devices to roll it out to, and an
//! account of a log that is made without the engine.
//!
//! The programs `crash`, `power`, `bench` and `sim` are built on it, and so are the stories in `tests/`.

pub mod bench;
pub mod crash;
pub mod devices;
pub mod example;
pub mod firmware;
pub mod hosted;
pub mod mqtt;
#[cfg(target_os = "linux")]
pub mod power;
pub mod recount;
pub mod served;
pub mod sim;
pub mod site;

/// A test that cannot go on; the text is all there is to know.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
