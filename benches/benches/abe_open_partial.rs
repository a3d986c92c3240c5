//! Opening an issuer's part of a key and checking it.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_benches::issuance::Setting;
use medshare_benches::{LEAVES, seeded};

fn opening(criterion: &mut Criterion) {
    let setting = Setting::new();
    let mut rng = seeded();
    for count in LEAVES {
        let request = setting.request(count);
        let sealed = setting.sealed(&request);
        let Setting {
            authority,
            recipient,
            ..
        } = &setting;
        let mut open = || authority.open_partial(&request, recipient, &sealed, &mut rng);
        assert!(open().is_ok(), "a good part");
        criterion.bench_function(
            &format!("abe::open_partial/attributes={count}"),
            |bencher| {
                bencher.iter(&mut open);
            },
        );
    }
}

criterion_group!(benches, opening);
criterion_main!(benches);
