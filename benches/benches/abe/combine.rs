//! Combination of a key from the partial keys of three of five issuers.

use criterion::Criterion;
use medshare_benches::issuance::Issuers;
use medshare_benches::{LEAVES, seeded};

pub(super) fn bench(criterion: &mut Criterion) {
    let issuers = Issuers::new();
    let mut rng = seeded();
    for count in LEAVES {
        let request = issuers.request(count);
        let keys = issuers.partial_keys(&request);
        let mut combine = || issuers.authority.combine(&request, &keys, &mut rng);
        assert!(combine().is_ok(), "partial keys that fit");
        criterion.bench_function(&format!("abe::combine/attributes={count}"), |bencher| {
            bencher.iter(&mut combine);
        });
    }
}
