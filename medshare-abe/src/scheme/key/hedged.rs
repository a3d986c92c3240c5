//! Randomness that stays secret, and differs, where the random source does not.
//!
//! A source that repeats itself, as that of a copied virtual machine may, would give two people one
//! r, and their keys could be pooled; one that others know would give α·g1 away. So whatever makes
//! or checks keys is drawn from a secret, from what it is for, and from 32 fresh bytes.

use medshare_curve::encoding::encode_g1;
use medshare_curve::scalar::wide_reduce;
use medshare_curve::{G1Affine, Scalar};
use medshare_types::RandomSource;
use medshare_types::hash::Xof;
use zeroize::Zeroizing;

/// XOF(tag, secret, purpose, 32 fresh bytes), 64 bytes modulo r.
pub(crate) fn hedged_scalar(
    tag: &str,
    secret: &G1Affine,
    purpose: &[u8],
    rng: &mut impl RandomSource,
) -> Zeroizing<Scalar> {
    let secret = Zeroizing::new(encode_g1(secret).0);
    let fresh = Zeroizing::new(rng.array::<32>());
    let fields = [secret.as_slice(), purpose, fresh.as_slice()];
    let wide = Zeroizing::new(Xof::new(tag, &fields).take());
    Zeroizing::new(wide_reduce(&wide))
}

/// Weights of 128 bits for checking many equations as one, which nobody can know who makes the
/// `checked` bytes: they hang on all of them as well as on 32 fresh bytes.
pub(crate) fn hedged_weights(
    tag: &str,
    checked: &[&[u8]],
    count: usize,
    rng: &mut impl RandomSource,
) -> Vec<Scalar> {
    let fresh = rng.array::<32>();
    let mut stream = Xof::new(tag, &[checked, &[&fresh]].concat());
    let mut weight = || Scalar::from(u128::from_le_bytes(stream.take()));
    (0..count).map(|_| weight()).collect()
}
