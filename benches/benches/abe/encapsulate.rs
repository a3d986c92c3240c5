//! Encapsulation under every shape, with and without cached attribute points.

use criterion::Criterion;
use medshare_benches::abe::{Authority, Shape, shapes};
use medshare_benches::seeded;

pub(super) fn bench(criterion: &mut Criterion) {
    let authority = Authority::new();
    let mut rng = seeded();
    for shape in shapes(&authority) {
        let Shape { name, leaves, .. } = &shape;
        for (parameters, cached) in authority.both_caches() {
            let name = format!("abe::encapsulate/{name}={leaves},cached={cached}");
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| shape.encapsulate(parameters, &mut rng));
            });
        }
    }
}
