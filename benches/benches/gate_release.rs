//! One holder's release share, blinding included.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_benches::gate::Setting;
use medshare_benches::seeded;

fn release(criterion: &mut Criterion) {
    let setting = Setting::new(4);
    let mut rng = seeded();
    let (share, signer) = &setting.holders[0];
    criterion.bench_function("threshold::release", |bencher| {
        bencher.iter(|| share.release(&setting.permit(), signer, &mut rng));
    });
}

criterion_group!(benches, release);
criterion_main!(benches);
