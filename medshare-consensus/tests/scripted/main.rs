//! Scripted tests: one input after the other, and exactly what comes out.
// The helpers of tests are tests, which clippy's own exemption does not see.
#![allow(clippy::unwrap_used, clippy::panic)]

mod catch_up;
mod common;
mod normal_case;
mod proposals;
mod recovery;
mod resend;
mod votes;
mod wire;
