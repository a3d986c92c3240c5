//! Object stores, and the removal of objects that no record names.

pub(crate) mod objects;
mod sweep;
