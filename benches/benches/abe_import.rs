//! Reading a key from bytes, with every part checked.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_abe::{UserSecretKey, Validity};
use medshare_benches::abe::Setting;
use medshare_benches::{LEAVES, seeded};

fn importing(criterion: &mut Criterion) {
    let setting = Setting::new();
    let mut rng = seeded();
    for count in LEAVES {
        let bytes = setting.key(count, Validity::ALWAYS).to_bytes();
        let mut import = || UserSecretKey::from_bytes(&bytes, &setting.parameters, &mut rng);
        assert!(import().is_ok(), "a key that was issued");
        criterion.bench_function(&format!("abe::import/attributes={count}"), |bencher| {
            bencher.iter(&mut import);
        });
    }
}

criterion_group!(benches, importing);
criterion_main!(benches);
