//! Stories of whole rollouts: a real engine, real MQTT connections, simulated devices, and time that runs 900 times as
//! fast.

mod campaigns;
mod directories;
mod health;
mod logins;
mod operators;
mod snapshots;
mod webhook;
