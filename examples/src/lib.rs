//! What the examples share: made-up medical data, and numbers in words.
//!
//! `quickstart` shows the whole way of one record and `verify_receipt` checks what it leaves behind;
//! both use `medshare-sdk` and nothing else of this suite. `attributes` shows attribute-based
//! encryption alone, with `medshare-abe`.
#![forbid(unsafe_code)]

pub mod fhir;
mod random;
pub mod text;
