//! Hashing to G1: the suite `BLS12381G1_XMD:SHA-256_SSWU_RO_` of RFC 9380, section 8.8.1.
//!
//! A message gives two field elements and these two points of the 11-isogenous curve. They are
//! added there in projective coordinates, the isogeny is evaluated once, and the cofactor is
//! cleared. A message costs two exponentiations in F_p, one 64-bit multiplication and one
//! inversion.

mod cache;
mod expand;
mod sswu;

use ark_ec::CurveGroup;

pub use cache::HashCache;

use crate::mul::mul_x_abs;
use crate::{G1Affine, G1Projective};

/// `hash_to_curve` of RFC 9380, section 3, for the suite above.
///
/// `dst` is the domain-separation tag: at least 16 bytes by convention, and longer than 255 only
/// under the RFC's rule for oversize tags, which is applied.
///
/// # Security
/// Time depends on the message: for public messages. The result is in G1; it is the identity with
/// probability about 2⁻²⁵⁵.
pub fn hash_to_g1(dst: &[u8], message: &[u8]) -> G1Affine {
    hash_to_projective(dst, message).into_affine()
}

/// [`hash_to_g1`] of every message, in order; one inversion for all.
///
/// # Security
/// As [`hash_to_g1`].
pub fn hash_each_to_g1<M: AsRef<[u8]>>(dst: &[u8], messages: &[M]) -> Vec<G1Affine> {
    let points = messages.iter();
    let points: Vec<_> = points
        .map(|message| hash_to_projective(dst, message.as_ref()))
        .collect();
    G1Projective::normalize_batch(&points)
}

fn hash_to_projective(dst: &[u8], message: &[u8]) -> G1Projective {
    let [u0, u1] = expand::hash_to_field(dst, message);
    let sum = sswu::map_to_isogenous(&u0) + sswu::map_to_isogenous(&u1);
    clear_cofactor(&sswu::isogeny(&sum))
}

/// (1 − x)·P, with RFC 9380 section 8.8.1's h_eff = 1 − x = 1 + |x|.
fn clear_cofactor(point: &G1Projective) -> G1Projective {
    mul_x_abs(point) + point
}
