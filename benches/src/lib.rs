//! What the benchmarks share: seeded authorities, policies, issuers and gate settings.
//!
//! Run one with `cargo bench -p medshare-benches --bench abe_encapsulate`. Names are
//! `crate::operation/parameter=value`.
#![forbid(unsafe_code)]

pub mod abe;
pub mod gate;
pub mod issuance;
pub mod report;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// The numbers of leaves that attribute-based operations are measured at.
pub const LEAVES: [usize; 5] = [5, 10, 20, 50, 100];

/// A generator that gives the same bytes in every run.
#[must_use]
pub fn seeded() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(7)
}
