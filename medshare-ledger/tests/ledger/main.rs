//! The ledger through its public interface.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod access;
mod attestations;
mod boundaries;
mod epochs;
mod fixture;
mod proofs;
mod properties;
mod store;
mod wire;
