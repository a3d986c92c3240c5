//! The ledger through its public API.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod access;
mod consortium;
mod proofs;
mod properties;
mod store;
mod wire;
