//! One issuer's partial key, sealed to its recipient.

use criterion::Criterion;
use medshare_abe::issuance::{IssuanceError, SealedPartialKey};
use medshare_benches::issuance::Issuers;
use medshare_benches::{LEAVES, seeded};

pub(super) fn bench(criterion: &mut Criterion) {
    let issuers = Issuers::new();
    let mut rng = seeded();
    for count in LEAVES {
        let request = issuers.request(count);
        let mut issue = || -> Result<SealedPartialKey, IssuanceError> {
            let key = issuers.shares[0].issue_partial(&request, &mut rng)?;
            key.seal(&mut rng)
        };
        assert!(issue().is_ok(), "a partial key");
        criterion.bench_function(
            &format!("abe::issue_partial/attributes={count}"),
            |bencher| {
                bencher.iter(&mut issue);
            },
        );
    }
}
