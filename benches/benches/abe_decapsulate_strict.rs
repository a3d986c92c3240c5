//! Decapsulating a key with every row compared.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::decapsulate_strict;
use medshare_benches::abe::bench_decapsulation;

fn opening(criterion: &mut Criterion) {
    bench_decapsulation(criterion, "decapsulate_strict", decapsulate_strict);
}

criterion_group!(benches, opening);
criterion_main!(benches);
