//! Fuzzing of everything that reads bytes or text from outside. What is checked are the properties
//! that medshare-abe's tests also check; see `README.md`.

#[path = "../../medshare-abe/tests/common/mod.rs"]
mod common;

pub use common::properties;
pub use common::seeds;
