//! Decapsulating a key: all leaves of an AND, one leaf of an OR.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::decapsulate;
use medshare_benches::abe::{CONTEXT, Setting, Shape, shapes};

fn opening(criterion: &mut Criterion) {
    let setting = Setting::new();
    for Shape {
        name,
        leaves,
        key,
        header,
        ..
    } in shapes(&setting)
    {
        for (parameters, cached) in setting.both_caches() {
            let name = format!("abe::decapsulate/{name}={leaves},cached={cached}");
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| decapsulate(parameters, &header, &key, CONTEXT));
            });
        }
    }
}

criterion_group!(benches, opening);
criterion_main!(benches);
