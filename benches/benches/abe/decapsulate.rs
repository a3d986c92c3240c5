//! Decapsulation of every shape by each of its functions.
//!
//! `decapsulate_cpa` does not encapsulate again: the difference is the price of security against
//! chosen ciphertexts. `decapsulate_strict` compares every row of the header.

use criterion::Criterion;
use medshare_abe::hazmat::decapsulate_unchecked;
use medshare_abe::{
    DecapsulateError, Header, PublicParameters, SharedSecret, UserSecretKey, decapsulate,
    decapsulate_strict,
};
use medshare_benches::abe::{Authority, CONTEXT, Shape, shapes};

type Decapsulate =
    fn(&PublicParameters, &Header, &UserSecretKey, &[u8]) -> Result<SharedSecret, DecapsulateError>;

const FUNCTIONS: [(&str, Decapsulate); 3] = [
    ("decapsulate", decapsulate),
    ("decapsulate_cpa", decapsulate_unchecked),
    ("decapsulate_strict", decapsulate_strict),
];

pub(super) fn bench(criterion: &mut Criterion) {
    let authority = Authority::new();
    for shape in shapes(&authority) {
        for (operation, open) in FUNCTIONS {
            for (parameters, cached) in authority.both_caches() {
                let Shape { name, leaves, .. } = shape;
                let row = format!("abe::{operation}/{name}={leaves},cached={cached}");
                let run = || open(parameters, &shape.header, &shape.key, CONTEXT);
                let same = run().is_ok_and(|opened| opened.as_bytes() == shape.secret.as_bytes());
                assert!(same, "{row} gives another secret");
                criterion.bench_function(&row, |bencher| bencher.iter(run));
            }
        }
    }
}
