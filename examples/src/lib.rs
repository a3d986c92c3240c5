//! Support code of the examples: generated medical data, readable numbers, progress bars.
//!
//! `quickstart` seals and opens a file, `walkthrough` shows the whole way of a record, and
//! `verify_receipt` checks the receipt that it leaves behind. They use `medshare-sdk`, and
//! `medshare-host` to write files. `attributes` shows attribute-based encryption alone, with
//! `medshare-abe`.
#![forbid(unsafe_code)]

pub mod fhir;
pub mod hash;
pub mod memory;
pub mod progress;
pub mod text;
