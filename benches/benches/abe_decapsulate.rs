//! Decapsulating a key: all leaves of an AND, one leaf of an OR.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::decapsulate;
use medshare_benches::abe::bench_decapsulation;

fn opening(criterion: &mut Criterion) {
    bench_decapsulation(criterion, "decapsulate", decapsulate);
}

criterion_group!(benches, opening);
criterion_main!(benches);
