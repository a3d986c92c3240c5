//! Encapsulating a key under a policy, attribute hashes cached and not.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_benches::abe::{Setting, Shape, shapes};
use medshare_benches::seeded;

fn sealing(criterion: &mut Criterion) {
    let setting = Setting::new();
    let mut rng = seeded();
    for shape in shapes(&setting) {
        let Shape { name, leaves, .. } = &shape;
        for (parameters, cached) in setting.both_caches() {
            let name = format!("abe::encapsulate/{name}={leaves},cached={cached}");
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| shape.encapsulate(parameters, &mut rng));
            });
        }
    }
}

criterion_group!(benches, sealing);
criterion_main!(benches);
