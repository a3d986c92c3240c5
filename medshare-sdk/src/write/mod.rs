//! From content to a registered record.

mod access;
pub(crate) mod content;
pub(crate) mod fingerprints;
mod payload;
mod pump;
mod registration;
pub(crate) mod seal;
