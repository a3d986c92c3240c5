//! The gate through its public interface: ceremony, release, opening, evidence and attacks.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod attacks;
mod ceremony;
mod feldman;
mod fixture;
mod recover;
mod rules;
