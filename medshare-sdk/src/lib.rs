//! Seal, grant, open and audit medical records.
#![forbid(unsafe_code)]
