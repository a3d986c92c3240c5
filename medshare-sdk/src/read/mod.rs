//! From a grant to bytes: the registered record, release shares, segments.

pub(crate) mod open;
pub(crate) mod own;
pub(crate) mod record;
mod segment_buffer;
mod shares;
