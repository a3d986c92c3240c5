//! Decapsulating a key without computing the header again: what security against chosen
//! ciphertexts costs is the difference.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::hazmat::decapsulate_unchecked;
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
            let name = format!("abe::decapsulate_cpa/{name}={leaves},cached={cached}");
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| decapsulate_unchecked(parameters, &header, &key, CONTEXT));
            });
        }
    }
}

criterion_group!(benches, opening);
criterion_main!(benches);
