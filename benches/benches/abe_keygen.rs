//! Issuing an attribute key.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::Validity;
use medshare_benches::abe::{Setting, attributes};
use medshare_benches::{LEAVES, seeded};

fn keygen(criterion: &mut Criterion) {
    let setting = Setting::new();
    let mut rng = seeded();
    for count in LEAVES {
        let set = attributes(count);
        criterion.bench_function(&format!("abe::keygen/attributes={count}"), |bencher| {
            bencher.iter(|| {
                setting
                    .master
                    .issue(&setting.parameters, &set, Validity::ALWAYS, &mut rng)
            });
        });
    }
}

criterion_group!(benches, keygen);
criterion_main!(benches);
