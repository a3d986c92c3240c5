//! Issuance of a user's key by an authority that holds the whole master key.

use criterion::Criterion;
use medshare_abe::Validity;
use medshare_benches::abe::{Authority, attributes};
use medshare_benches::{LEAVES, seeded};

pub(super) fn bench(criterion: &mut Criterion) {
    let authority = Authority::new();
    let mut rng = seeded();
    for count in LEAVES {
        let set = attributes(count);
        criterion.bench_function(&format!("abe::keygen/attributes={count}"), |bencher| {
            bencher.iter(|| {
                authority
                    .master
                    .issue(&authority.parameters, &set, Validity::ALWAYS, &mut rng)
            });
        });
    }
}
