//! Making a key of the parts of three of five issuers.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_benches::issuance::Setting;
use medshare_benches::{LEAVES, seeded};

fn combining(criterion: &mut Criterion) {
    let setting = Setting::new();
    let mut rng = seeded();
    for count in LEAVES {
        let request = setting.request(count);
        let parts = setting.parts(&request);
        let mut combine = || setting.authority.combine(&request, &parts, &mut rng);
        assert!(combine().is_ok(), "parts that fit");
        criterion.bench_function(&format!("abe::combine/attributes={count}"), |bencher| {
            bencher.iter(&mut combine);
        });
    }
}

criterion_group!(benches, combining);
criterion_main!(benches);
