//! Hedged randomness: secret and distinct even where the random source is not.
//!
//! A source that repeats itself, as in a copied virtual machine, would give two persons one r, and
//! their keys could be pooled; a source that others know would reveal α·g1. So randomness that makes,
//! checks or seals keys is derived from a secret, from its purpose, and from 32 fresh bytes.

use medshare_curve::Scalar;
use medshare_curve::scalar::wide_reduce;
use medshare_types::RandomSource;
use medshare_types::hash::Xof;
use zeroize::Zeroizing;

/// XOF(tag, fields, 32 fresh bytes), of any length.
pub(crate) fn hedged(tag: &str, fields: &[&[u8]], rng: &mut impl RandomSource) -> Xof {
    let fresh = Zeroizing::new(rng.array::<32>());
    Xof::new(tag, &[fields, &[fresh.as_slice()]].concat())
}

/// 64 bytes of [`hedged`] modulo r: a uniform scalar.
pub(crate) fn hedged_scalar(
    tag: &str,
    fields: &[&[u8]],
    rng: &mut impl RandomSource,
) -> Zeroizing<Scalar> {
    let wide = Zeroizing::new(hedged(tag, fields, rng).take());
    Zeroizing::new(wide_reduce(&wide))
}
