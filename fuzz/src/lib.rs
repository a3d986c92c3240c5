//! Fuzzing of everything that reads bytes or text from outside, over the properties of
//! medshare-abe's tests. `README.md` has the commands.

#[path = "../../medshare-abe/tests/abe/common/mod.rs"]
mod common;

pub use common::properties;
pub use common::seeds;
