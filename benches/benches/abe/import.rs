//! Import of a user's key from bytes, with all its components checked.

use criterion::Criterion;
use medshare_abe::{UserSecretKey, Validity};
use medshare_benches::abe::Authority;
use medshare_benches::{LEAVES, seeded};

pub(super) fn bench(criterion: &mut Criterion) {
    let authority = Authority::new();
    let mut rng = seeded();
    for count in LEAVES {
        let bytes = authority.key(count, Validity::ALWAYS).to_bytes();
        let mut import = || UserSecretKey::from_bytes(&bytes, &authority.parameters, &mut rng);
        assert!(import().is_ok(), "a key that was issued");
        criterion.bench_function(&format!("abe::import/attributes={count}"), |bencher| {
            bencher.iter(&mut import);
        });
    }
}
