//! Making an authority.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::MasterSecretKey;
use medshare_benches::seeded;

fn setup(criterion: &mut Criterion) {
    let mut rng = seeded();
    criterion.bench_function("abe::setup", |bencher| {
        bencher.iter(|| MasterSecretKey::setup(&mut rng));
    });
}

criterion_group!(benches, setup);
criterion_main!(benches);
