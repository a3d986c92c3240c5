//! Chosen ciphertexts: no changed header gives the key of the original, and none panics.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod fields;
mod points;
mod rejection;
mod structured;
mod target;
