//! Nodes over a transport that the tests listen to and speak into.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod attestations;
mod ceremony;
mod clocks;
mod disks;
mod epochs;
mod fixture;
mod flood;
mod hostile;
mod panics;
