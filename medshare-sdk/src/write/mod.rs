//! From content to a registered record.

mod access;
pub(crate) mod content;
mod fingerprints;
mod payload;
mod pump;
mod registration;
pub(crate) mod seal;
