//! Delegation of half of a key's attributes.

use criterion::Criterion;
use medshare_abe::Validity;
use medshare_benches::abe::{Authority, attributes};
use medshare_benches::{LEAVES, seeded};

pub(super) fn bench(criterion: &mut Criterion) {
    let authority = Authority::new();
    let mut rng = seeded();
    for count in LEAVES {
        let key = authority.key(2 * count, Validity::ALWAYS);
        let fewer = attributes(count);
        let mut delegate = || key.delegate(&authority.parameters, &fewer, &mut rng);
        assert!(delegate().is_ok(), "attributes that are held");
        criterion.bench_function(&format!("abe::delegate/attributes={count}"), |bencher| {
            bencher.iter(&mut delegate);
        });
    }
}
