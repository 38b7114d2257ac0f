//! Benchmarks: figures of the real program, each beside the same figure of what people use today.
//!
//! Ours and the peer's runs alternate within one process, because machines change their speed from minute to minute; the
//! medians are compared.

pub mod append;
pub mod create;
mod fleet;
pub mod gate;
mod gate_health;
pub mod gate_latency;
pub mod ingest;
mod load;
mod mosquitto;
pub mod replay;

pub use mosquitto::Missing;

/// The middle one; of an even count, the lower of the two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}
