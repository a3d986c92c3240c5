//! Data keys wrapped for a policy, alone or with further factors.

pub mod access;
pub mod descriptor;
pub(crate) mod error;
pub(crate) mod factors;
pub mod wrapped;
