//! The time gate: rows `threshold::operation/parameters`.
#![allow(clippy::expect_used, reason = "a benchmark ends at the first error")]
#![allow(
    missing_docs,
    reason = "criterion_group makes a public function without documentation"
)]

mod recover;
mod release;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, release::bench, recover::bench);
criterion_main!(benches);
