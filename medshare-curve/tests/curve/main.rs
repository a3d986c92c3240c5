//! The curve toolkit against arkworks, RFC 9380 and malformed inputs.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests fail by panicking, and are a crate of their own"
)]

mod encoding;
mod hash;
mod products;
mod samples;
mod schnorr;
