//! The rules, tested through the public interface only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod access;
mod calls;
mod ceremony;
mod gate;
mod genesis;
mod grants;
mod invariants;
mod model;
mod people;
mod records;
mod world;
