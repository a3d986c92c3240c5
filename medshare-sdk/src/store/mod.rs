//! Object stores, and the removal of objects that no record names.

pub(crate) mod backend;
pub(crate) mod objects;
pub(crate) mod placement;
mod staging;
pub(crate) mod sweep;
