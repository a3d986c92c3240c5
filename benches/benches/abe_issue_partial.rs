//! One issuer's part of a key, made and sealed to whoever asked.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::issuance::{IssuanceError, SealedPartialKey};
use medshare_benches::issuance::Setting;
use medshare_benches::{LEAVES, seeded};

fn issuing(criterion: &mut Criterion) {
    let setting = Setting::new();
    let mut rng = seeded();
    for count in LEAVES {
        let request = setting.request(count);
        let mut issue = || -> Result<SealedPartialKey, IssuanceError> {
            let part = setting.shares[0].issue_partial(&request, &mut rng)?;
            part.seal(&mut rng)
        };
        assert!(issue().is_ok(), "a part of a key");
        criterion.bench_function(
            &format!("abe::issue_partial/attributes={count}"),
            |bencher| {
                bencher.iter(&mut issue);
            },
        );
    }
}

criterion_group!(benches, issuing);
criterion_main!(benches);
