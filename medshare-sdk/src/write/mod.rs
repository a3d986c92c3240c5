//! From bytes to a registered record.

pub(crate) mod content;
pub(crate) mod seal;
