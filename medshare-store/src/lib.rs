//! The objects of records in the object stores of several organisations.
//!
//! **Is:** names and layout of objects, requests with deadlines, markers, probes, placement of copies,
//! comparison and repair by content tree.
//!
//! **Is not:** encryption, or knowledge of a chain: digests and the choice of payloads are arguments.
//!
//! **Security status:** not audited. Stores are trusted with nothing but availability.
//!
//! | module | holds |
//! |---|---|
//! | [`location`] | the stores that a caller hands in, and the semantics relied on |
//! | [`objects`] | names, layout and limits of objects |
//! | [`backend`] | one organisation's store: requests with deadlines |
//! | [`marker`] | telling a store from an empty folder and from another's |
//! | [`probe`] | the state of a store, found by trying |
//! | [`placement`] | the copies of one record that is being sealed |
//! | [`sweep`] | removal of what no record names |
//! | [`transfer`] | payloads between stores, segment by segment |
#![forbid(unsafe_code)]

pub mod backend;
mod error;
pub mod location;
pub mod marker;
pub mod objects;
pub mod placement;
pub mod probe;
mod staging;
pub mod sweep;
pub mod transfer;

pub use error::{Result, Source, StoreError};
pub use location::{RecordStore, StoreLocation};
pub use object_store;
pub use probe::{StoreHealth, StoreState};
pub use staging::StagingFile;
