//! Seeded authorities, policies, issuers and gate keys for the benchmarks.
//!
//! `cargo xtask bench` runs all of them; `cargo bench -p medshare-benches --bench abe encapsulate`
//! runs some. Rows are named `crate::operation/parameter=value`.
#![forbid(unsafe_code)]
#![allow(clippy::expect_used, reason = "a benchmark ends at the first error")]

pub mod abe;
pub mod aead;
pub mod gate;
pub mod issuance;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// Sizes of policies and keys, in leaves and attributes.
pub const LEAVES: [usize; 5] = [5, 10, 20, 50, 100];

/// A random source that repeats itself in every run.
#[must_use]
pub fn seeded() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(7)
}
