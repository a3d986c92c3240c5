//! Release of one holder's share, blinding included.

use criterion::Criterion;
use medshare_benches::gate::Gate;
use medshare_benches::seeded;

pub(super) fn bench(criterion: &mut Criterion) {
    let gate = Gate::new(4);
    let mut rng = seeded();
    let (share, signer) = &gate.holders[0];
    criterion.bench_function("threshold::release", |bencher| {
        bencher.iter(|| share.release(&gate.permit(), signer, &mut rng));
    });
}
