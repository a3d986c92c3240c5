//! Tests through the public interface.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

mod passphrase;
