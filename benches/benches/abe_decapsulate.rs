//! Decapsulating a key: all leaves of an AND, one leaf of an OR.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::{decapsulate, encapsulate};
use medshare_benches::abe::{Setting, and, or};
use medshare_benches::{LEAVES, seeded};

fn opening(criterion: &mut Criterion) {
    let setting = Setting::new();
    for (shape, make) in [("and", and as fn(usize) -> _), ("or", or)] {
        for leaves in LEAVES {
            let key = setting.key(if shape == "and" { leaves } else { 1 });
            let policy = make(leaves);
            let (header, _) = encapsulate(&setting.parameters, &policy, b"context", &mut seeded());
            let name = format!("abe::decapsulate/{shape}={leaves}");
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| decapsulate(&setting.parameters, &header, &key, b"context"));
            });
        }
    }
}

criterion_group!(benches, opening);
criterion_main!(benches);
