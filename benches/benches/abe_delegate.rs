//! Making a key for some attributes out of a key for twice as many.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::Validity;
use medshare_benches::abe::{Setting, attributes};
use medshare_benches::{LEAVES, seeded};

fn delegating(criterion: &mut Criterion) {
    let setting = Setting::new();
    let mut rng = seeded();
    for count in LEAVES {
        let key = setting.key(2 * count, Validity::ALWAYS);
        let fewer = attributes(count);
        let mut delegate = || key.delegate(&setting.parameters, &fewer, &mut rng);
        assert!(delegate().is_ok(), "attributes that are held");
        criterion.bench_function(&format!("abe::delegate/attributes={count}"), |bencher| {
            bencher.iter(&mut delegate);
        });
    }
}

criterion_group!(benches, delegating);
criterion_main!(benches);
