//! Attribute-based encryption through its public interface: what it does, byte for byte, and attacks
//! on it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "tests fail by panicking, and are a crate of their own"
)]

mod access;
mod attacks;
mod caching;
mod common;
mod comparisons;
mod delegation;
mod hazmat;
mod issuance;
mod mauling;
mod reencapsulation;
mod robustness;
mod scheme;
mod serde_formats;
mod simple;
mod storage;
mod validity;
mod value_keys;
mod vectors;
mod wire;
mod wrapped;
