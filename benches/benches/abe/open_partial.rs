//! Opening and verification of an issuer's sealed partial key.

use criterion::Criterion;
use medshare_benches::issuance::Issuers;
use medshare_benches::{LEAVES, seeded};

pub(super) fn bench(criterion: &mut Criterion) {
    let issuers = Issuers::new();
    let mut rng = seeded();
    for count in LEAVES {
        let request = issuers.request(count);
        let sealed = issuers.sealed(&request);
        let Issuers {
            authority,
            recipient,
            ..
        } = &issuers;
        let mut open = || authority.open_partial(&request, recipient, &sealed, &mut rng);
        assert!(open().is_ok(), "a good partial key");
        criterion.bench_function(
            &format!("abe::open_partial/attributes={count}"),
            |bencher| {
                bencher.iter(&mut open);
            },
        );
    }
}
