//! What people can have, and how policies ask for it: no cryptography yet.

pub mod attribute;
pub mod enumeration;
pub mod name;
pub mod policy;
pub mod value;
