//! Runs of whole nodes: the faults of network, disks, clocks and power break no property.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod controls;
mod determinism;
mod incidents;
#[cfg(feature = "mutants")]
mod mutants;
mod swarm;
