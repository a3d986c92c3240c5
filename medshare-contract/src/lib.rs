//! The deterministic rules of consent.
#![forbid(unsafe_code)]
