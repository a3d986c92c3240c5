//! Simulated network, Byzantine behaviours and invariants (unpublished).
#![forbid(unsafe_code)]
