//! Keys from t of n issuers: how it works, and how it would be broken.
#![allow(
    clippy::expect_used,
    unreachable_pub,
    reason = "tests fail by panicking, and are a crate of their own"
)]

#[path = "../common/mod.rs"]
mod common;

mod attacks;
mod bad_parts;
mod deals;
mod flow;
mod formats;
mod setting;
mod shown;
mod whole;
