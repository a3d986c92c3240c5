//! Randomness that stays secret, and differs, where the random source does not.
//!
//! A source that repeats itself, as that of a copied virtual machine may, would give two people one
//! r, and their keys could be pooled; one that others know would give α·g1 away. So whatever makes,
//! checks or seals keys is drawn from a secret, from what it is for, and from 32 fresh bytes.

use medshare_curve::Scalar;
use medshare_curve::scalar::wide_reduce;
use medshare_types::RandomSource;
use medshare_types::hash::Xof;
use zeroize::Zeroizing;

/// XOF(tag, fields, 32 fresh bytes), as long as it is needed.
pub(crate) fn hedged(tag: &str, fields: &[&[u8]], rng: &mut impl RandomSource) -> Xof {
    let fresh = Zeroizing::new(rng.array::<32>());
    Xof::new(tag, &[fields, &[fresh.as_slice()]].concat())
}

/// 64 bytes of it modulo r.
pub(crate) fn hedged_scalar(
    tag: &str,
    fields: &[&[u8]],
    rng: &mut impl RandomSource,
) -> Zeroizing<Scalar> {
    let wide = Zeroizing::new(hedged(tag, fields, rng).take());
    Zeroizing::new(wide_reduce(&wide))
}
