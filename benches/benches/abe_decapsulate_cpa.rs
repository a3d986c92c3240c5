//! Decapsulating a key without computing the header again: what security against chosen
//! ciphertexts costs is the difference.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::hazmat::decapsulate_unchecked;
use medshare_benches::abe::bench_decapsulation;

fn opening(criterion: &mut Criterion) {
    bench_decapsulation(criterion, "decapsulate_cpa", decapsulate_unchecked);
}

criterion_group!(benches, opening);
criterion_main!(benches);
