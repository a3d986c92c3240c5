//! Scripted tests: one input after the other, and the exact outputs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test helpers fail by panicking"
)]

mod attestations;
mod catch_up;
mod consortium;
mod credit_rules;
mod fixture;
mod late;
mod lost_log;
mod normal_case;
mod opening;
mod proposals;
mod recovery;
mod seating;
mod seating_properties;
mod tick;
mod view_change;
mod views;
mod votes;
mod wire;
