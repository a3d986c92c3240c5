//! Products of pairings: one chain of squarings and one final exponentiation for all of them.

use std::sync::OnceLock;

use ark_bls12_381::{Bls12_381, Config, Fq12};
use ark_ec::AffineRepr;
use ark_ec::bls12::{Bls12Config, G2Prepared};
use ark_ec::pairing::{MillerLoopOutput, Pairing};
use ark_ff::{BitIteratorBE, CyclotomicMultSubgroup, Field, One, Zero};

use crate::{G1Affine, G2Affine, Gt};

/// A point of G2 with the lines of its Miller loop worked out, about 20 KiB.
type PreparedG2 = G2Prepared<Config>;

/// The generator of G1.
pub fn g1() -> G1Affine {
    G1Affine::generator()
}

/// The generator of G2.
pub fn g2() -> G2Affine {
    G2Affine::generator()
}

/// e(P, Q). `p` in G1 and `q` in G2.
pub fn pairing(p: &G1Affine, q: &G2Affine) -> Gt {
    multi_pairing(&[(*p, *q)])
}

/// Π e(P_i, Q_i), the identity for no pairs. Points must be in G1 and G2.
///
/// Cost: one final exponentiation, 63 squarings in F_{p¹²}, and for each pair the lines of Q_i and
/// their values at P_i. The lines of g2 are computed once.
pub fn multi_pairing(pairs: &[(G1Affine, G2Affine)]) -> Gt {
    let finite = pairs.iter().filter(|(p, q)| !p.is_zero() && !q.is_zero());
    let prepared: Vec<(&G1Affine, Option<PreparedG2>)> = finite
        .map(|(p, q)| (p, (*q != g2()).then(|| PreparedG2::from(q))))
        .collect();
    let prepared = prepared
        .iter()
        .map(|(p, lines)| (*p, lines.as_ref().unwrap_or_else(|| g2_lines())));
    final_exponentiation(miller_loop(prepared))
}

/// Checks Π e(P_i, Q_i) = 1, for points in G1 and G2.
#[must_use]
pub fn product_is_one(pairs: &[(G1Affine, G2Affine)]) -> bool {
    multi_pairing(pairs).is_zero()
}

fn g2_lines() -> &'static PreparedG2 {
    static LINES: OnceLock<PreparedG2> = OnceLock::new();
    LINES.get_or_init(|| g2().into())
}

/// Π f_{x,Q_i}(P_i). arkworks' own loop squares once for every four pairs; this one for all.
fn miller_loop<'a>(pairs: impl Iterator<Item = (&'a G1Affine, &'a PreparedG2)>) -> Fq12 {
    let mut lines: Vec<_> = pairs.map(|(p, q)| (p, q.ell_coeffs.iter())).collect();
    let mut f = Fq12::one();
    let mut step = |f: &mut Fq12| {
        for (p, lines) in &mut lines {
            if let Some((c0, c1, c2)) = lines.next() {
                let mut c1 = *c1;
                let mut c2 = *c2;
                c1.mul_assign_by_fp(&p.x);
                c2.mul_assign_by_fp(&p.y);
                f.mul_by_014(c0, &c1, &c2);
            }
        }
    };
    for bit in BitIteratorBE::without_leading_zeros(Config::X).skip(1) {
        f.square_in_place();
        step(&mut f);
        if bit {
            step(&mut f);
        }
    }
    // x is negative; up to the final exponentiation, conjugation is inversion.
    f.cyclotomic_inverse_in_place();
    f
}

/// f^((p¹² − 1)/r). A Miller value is never 0 for points of G1 and G2, so the fallback, which is
/// no element of the group and equals nothing that is, is not reached.
fn final_exponentiation(f: Fq12) -> Gt {
    Bls12_381::final_exponentiation(MillerLoopOutput(f))
        .unwrap_or(ark_ec::pairing::PairingOutput(Fq12::zero()))
}
