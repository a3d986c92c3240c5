//! What the examples share: made-up medical data, and numbers in words.
//!
//! The examples themselves use `medshare-sdk` and nothing else of this suite. `quickstart` shows
//! the whole way of one record; `verify_receipt` checks what it leaves behind.
#![forbid(unsafe_code)]

pub mod fhir;
mod random;
pub mod text;
