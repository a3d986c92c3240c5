//! The rules through the public interface.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod access;
mod calls;
mod ceremony;
mod fixture;
mod gate;
mod genesis;
mod grants;
mod invariants;
mod lists;
mod misbehaviour;
mod model;
mod people;
mod points;
mod records;
mod voting;
mod voting_sequences;
