//! Payloads in memory, beside the bare cipher: rows `abe::payload_operation/segments=64`.
#![allow(clippy::expect_used, reason = "a benchmark ends at the first error")]
#![allow(
    missing_docs,
    reason = "criterion_group makes a public function without documentation"
)]

mod aead;
mod open;
mod seal;

use criterion::{criterion_group, criterion_main};

const SEGMENTS: usize = 64;

criterion_group!(benches, aead::bench, seal::bench, open::bench);
criterion_main!(benches);
