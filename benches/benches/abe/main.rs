//! The attribute-based scheme: one module an operation, rows `abe::operation/shape=leaves`.
#![allow(clippy::expect_used, reason = "a benchmark ends at the first error")]
#![allow(
    missing_docs,
    reason = "criterion_group makes a public function without documentation"
)]

mod combine;
mod decapsulate;
mod delegate;
mod encapsulate;
mod import;
mod issue_partial;
mod keygen;
mod open_partial;
mod setup;

use criterion::{criterion_group, criterion_main};

criterion_group!(
    benches,
    setup::bench,
    keygen::bench,
    import::bench,
    delegate::bench,
    encapsulate::bench,
    decapsulate::bench,
    issue_partial::bench,
    open_partial::bench,
    combine::bench,
);
criterion_main!(benches);
