//! Stories of one device, told through the agent's door.

mod attacks;
mod bench;
mod conditions;
mod engine;
mod power;
mod talk;
mod updates;
