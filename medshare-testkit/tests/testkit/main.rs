//! Simulations of the consensus replica, and checks of the pages that describe it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "test helpers fail by panicking"
)]

mod byzantine;
mod controls;
mod credit;
mod epochs;
mod glossary;
mod honest;
mod log;
mod lost_disks;
mod memory;
#[cfg(feature = "mutants")]
mod mutants;
mod specification;
mod swarm;
mod twins;
mod view_changes;
