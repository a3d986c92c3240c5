//! Object stores, and the removal of objects that no record names.

pub(crate) mod backend;
pub(crate) mod location;
pub(crate) mod marker;
pub(crate) mod objects;
pub(crate) mod placement;
pub(crate) mod probe;
pub(crate) mod registered;
mod staging;
pub(crate) mod sweep;
pub(crate) mod transfer;
