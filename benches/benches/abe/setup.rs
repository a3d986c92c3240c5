//! Setup of an authority, with a new master key.

use criterion::Criterion;
use medshare_abe::MasterSecretKey;
use medshare_benches::seeded;

pub(super) fn bench(criterion: &mut Criterion) {
    let mut rng = seeded();
    criterion.bench_function("abe::setup", |bencher| {
        bencher.iter(|| MasterSecretKey::setup(&mut rng));
    });
}
