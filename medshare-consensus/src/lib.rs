//! A sans-IO PBFT replica for consortia.
#![forbid(unsafe_code)]
