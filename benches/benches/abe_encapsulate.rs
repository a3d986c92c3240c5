//! Encapsulating a key under a policy, attribute hashes not cached.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::encapsulate;
use medshare_benches::abe::{Setting, and, or};
use medshare_benches::{LEAVES, seeded};

fn sealing(criterion: &mut Criterion) {
    let setting = Setting::new();
    let mut rng = seeded();
    for (shape, make) in [("and", and as fn(usize) -> _), ("or", or)] {
        for leaves in LEAVES {
            let policy = make(leaves);
            let name = format!("abe::encapsulate/{shape}={leaves}");
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| encapsulate(&setting.parameters, &policy, b"context", &mut rng));
            });
        }
    }
}

criterion_group!(benches, sealing);
criterion_main!(benches);
