//! Shared by tests and fuzzing: formulas evaluated without the crate, and the scheme's algebra on
//! bare points, without policies and checks.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    reason = "fuzzing includes this module and uses a part of it; checks fail by panicking"
)]

mod formula;
mod hashed;
mod issuance;
mod one_r;
mod pool;
pub mod properties;
mod raw;
pub mod record;
pub mod seeds;
mod setting;

use ark_ec::CurveGroup;
use medshare_abe::{AccessPolicy, AttributeSet};
use medshare_curve::{G1Affine, G2Affine, Gt, Scalar, pairing};
use medshare_types::hash::digest;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub use formula::{Formula, Reading, choices};
pub use hashed::{attribute_point, base, day_point, hash_to_point};
pub use one_r::with_r_of;
pub use pool::{Pool, Term};
pub use raw::{RawHeader, RawKey};
pub use setting::{Setting, hospitals, name};

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn policy(text: &str) -> AccessPolicy {
    text.parse().expect("a policy")
}

pub fn attributes(text: &str) -> AttributeSet {
    text.parse().expect("a list of attributes")
}

/// A digest that stands for bytes that must not change.
pub fn snapshot(bytes: &[u8]) -> String {
    digest("snapshot", &[bytes]).to_string()
}

/// The names whose bits are set.
pub fn subset<'n>(names: &[&'n str], bits: usize) -> Vec<&'n str> {
    let chosen = names.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
    chosen.map(|(_, name)| *name).collect()
}

/// A point of order 3: a third of all coefficients, and every large threshold's, make it vanish.
pub fn order_three() -> G1Affine {
    G1Affine::new_unchecked(0u64.into(), 2u64.into())
}

/// A point of the curve outside G1, of an order that divides the cofactor.
pub fn torsion_g1() -> G1Affine {
    use ark_ff::PrimeField;
    let point = (1u64..)
        .filter_map(|x| G1Affine::get_point_from_x_unchecked(x.into(), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .expect("most points are outside G1");
    let order = Scalar::MODULUS;
    ark_ec::AffineRepr::mul_bigint(&point, order).into_affine()
}

/// A point of the twist of an order that divides the cofactor.
pub fn torsion_g2() -> G2Affine {
    use ark_ff::PrimeField;
    ark_ec::AffineRepr::mul_bigint(&outside_g2(), Scalar::MODULUS).into_affine()
}

/// An element of the cyclotomic subgroup of F_{p¹²} of an order that divides its cofactor.
pub fn torsion_gt() -> Gt {
    use ark_ff::{Field, PrimeField};
    let mut one = pairing::multi_pairing(&[]);
    // Twice: (1 + e)^(p⁶ − 1) would be 1/e again.
    let other = pairing::pairing(&pairing::g1(), &pairing::g2()).0 + one.0 + one.0;
    // f^((p⁶ − 1)(p² + 1)), of order Φ₁₂(p), then to the r-th.
    let mut conjugate = other;
    conjugate.conjugate_in_place();
    let unitary = conjugate / other;
    let mut twisted = unitary;
    twisted.frobenius_map_in_place(2);
    one.0 = (twisted * unitary).pow(Scalar::MODULUS);
    one
}

/// A point of the twist outside G2.
pub fn outside_g2() -> G2Affine {
    (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(x.into(), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .expect("most points are outside G2")
}
