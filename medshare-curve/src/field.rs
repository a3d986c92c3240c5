//! Arithmetic in F_p that arkworks lacks or does more slowly.

use ark_bls12_381::{Fq, Fq2};
use ark_ff::{AdditiveGroup, BigInteger384, Field, One, PrimeField};

/// Width of the sliding window for the fixed exponent below.
const WINDOW: u32 = 5;

/// x^((p−3)/4): the core of square roots and of square roots of ratios, as p ≡ 3 mod 4.
/// Cost: 379 squarings and about 80 multiplications, whatever x.
pub(crate) fn pow_quarter(x: &Fq) -> Fq {
    const CHAIN: ([(u8, u8); 96], usize) = sliding_window(quarter_exponent());
    let square = x.square();
    let mut odd = [*x; 1 << (WINDOW - 1)];
    for i in 1..odd.len() {
        odd[i] = odd[i - 1] * square;
    }
    let mut acc = Fq::one();
    let mut started = false;
    for &(squarings, digit) in &CHAIN.0[..CHAIN.1] {
        if started {
            for _ in 0..squarings {
                acc.square_in_place();
            }
        }
        if digit != 0 {
            // The first product would be by one.
            acc = if started {
                acc * odd[usize::from(digit >> 1)]
            } else {
                odd[usize::from(digit >> 1)]
            };
            started = true;
        }
    }
    acc
}

/// A square root, if there is one.
pub(crate) fn sqrt(x: &Fq) -> Option<Fq> {
    let root = pow_quarter(x) * x;
    (root.square() == *x).then_some(root)
}

/// A square root in F_{p²} = F_p(u), u² = −1, if there is one: the complex method, with two powers
/// in F_p and no inversion.
pub(crate) fn sqrt_2(a: &Fq2) -> Option<Fq2> {
    /// The inverse of 2 in F_p.
    const HALF: Fq = ark_ff::MontFp!(
        "2001204777610833696708894912867952078278441409969503942666029068062015825245418932221343814564507832018947136279894"
    );
    if a.c1 == Fq::ZERO {
        // r² is a0 or −a0.
        let r = pow_quarter(&a.c0) * a.c0;
        let is_root = r.square() == a.c0;
        return Some(if is_root {
            Fq2::new(r, Fq::ZERO)
        } else {
            Fq2::new(Fq::ZERO, r)
        });
    }
    // a is a square exactly when its norm is one in F_p. δ = (a0 + α)/2 is not 0, as a1 is not.
    let alpha = sqrt(&(a.c0.square() + a.c1.square()))?;
    let delta = (a.c0 + alpha) * HALF;
    let t = pow_quarter(&delta);
    let root = delta * t;
    // root·t = χ(δ), so t inverts root up to that sign.
    let other = a.c1 * HALF * t;
    Some(if root.square() == delta {
        Fq2::new(root, other)
    } else {
        // root² = −δ, and −a1²/(4δ) is the other conjugate, (a0 − α)/2.
        Fq2::new(-other, root)
    })
}

/// The sign of RFC 9380, section 4.1: the parity of the least residue.
pub(crate) fn sgn0(x: &Fq) -> bool {
    x.into_bigint().0[0] & 1 == 1
}

/// A residue from 48 big-endian bytes, if it is less than p.
pub(crate) fn from_be_bytes(bytes: &[u8; 48]) -> Option<Fq> {
    Fq::from_bigint(limbs(bytes))
}

/// The least residue as 48 big-endian bytes.
pub(crate) fn to_be_bytes(x: &Fq) -> [u8; 48] {
    let mut out = [0; 48];
    for (chunk, limb) in out.chunks_exact_mut(8).zip(x.into_bigint().0.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    out
}

/// 64 big-endian bytes reduced modulo p, for `hash_to_field`.
#[expect(clippy::expect_used, reason = "256 bits are below p, which has 381")]
pub(crate) fn reduce_wide(bytes: &[u8; 64]) -> Fq {
    // 2^256 mod p, in Montgomery form.
    const SHIFT: Fq = ark_ff::MontFp!(
        "115792089237316195423570985008687907853269984665640564039457584007913129639936"
    );
    let half = |from: usize| {
        let mut wide = [0; 48];
        wide[16..].copy_from_slice(&bytes[from..from + 32]);
        Fq::from_bigint(limbs(&wide)).expect("256 bits are below p")
    };
    half(0) * SHIFT + half(32)
}

fn limbs(bytes: &[u8; 48]) -> BigInteger384 {
    let mut limbs = [0u64; 6];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        *limb = u64::from_be_bytes(word);
    }
    BigInteger384::new(limbs)
}

const fn quarter_exponent() -> [u64; 6] {
    // p ≡ 3 mod 4, so shifting drops exactly the 3.
    let p = <Fq as PrimeField>::MODULUS.0;
    let mut out = [0; 6];
    let mut i = 0;
    while i < 6 {
        let above = if i < 5 { p[i + 1] << 62 } else { 0 };
        out[i] = p[i] >> 2 | above;
        i += 1;
    }
    out
}

/// From the most significant bit down: (squarings, odd digit), the last digit 0 if only squarings
/// are left.
const fn sliding_window(exponent: [u64; 6]) -> ([(u8, u8); 96], usize) {
    let mut out = [(0, 0); 96];
    let mut len = 0;
    let mut squarings = 0u8;
    let mut left = 384u32;
    while left > 0 {
        if bit(&exponent, left - 1) == 0 {
            squarings += 1;
            left -= 1;
            continue;
        }
        let mut width = if left < WINDOW { left } else { WINDOW };
        while bit(&exponent, left - width) == 0 {
            width -= 1;
        }
        let mut digit = 0u8;
        let mut i = 0;
        while i < width {
            digit = digit << 1 | bit(&exponent, left - 1 - i);
            i += 1;
        }
        out[len] = (squarings + width as u8, digit);
        len += 1;
        squarings = 0;
        left -= width;
    }
    if squarings > 0 {
        out[len] = (squarings, 0);
        len += 1;
    }
    (out, len)
}

const fn bit(limbs: &[u64; 6], index: u32) -> u8 {
    (limbs[(index / 64) as usize] >> (index % 64) & 1) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> impl Iterator<Item = Fq> {
        (0u64..40).map(|n| Fq::from(n).pow([0x1234_5678_9abc_def1]) + Fq::from(n))
    }

    #[test]
    fn the_chain_computes_the_exponent() {
        for x in samples() {
            assert_eq!(pow_quarter(&x), x.pow(quarter_exponent()));
        }
    }

    #[test]
    fn square_roots_exist_exactly_for_squares() {
        for x in samples() {
            assert_eq!(sqrt(&x).is_some(), !x.legendre().is_qnr());
            let root = sqrt(&x.square()).expect("a square");
            assert!(root == x || root == -x);
        }
    }

    #[test]
    fn square_roots_of_the_extension_exist_exactly_for_squares() {
        let zero = Fq::ZERO;
        let mut squares = 0;
        for (x, y) in samples().zip(samples().skip(3)) {
            for a in [
                Fq2::new(x, y),
                Fq2::new(x, zero),
                Fq2::new(-x, zero),
                Fq2::new(zero, x),
                Fq2::new(x, -y).square(),
            ] {
                let root = sqrt_2(&a);
                assert_eq!(root.map(|root| root.square()), a.sqrt().map(|_| a));
                squares += usize::from(root.is_some());
            }
        }
        assert!(squares > 100 && squares < 180, "{squares}");
    }

    #[test]
    fn wide_reduction_agrees_with_arkworks() {
        for n in 0..=255u8 {
            let mut bytes = [n; 64];
            bytes[usize::from(n) % 64] ^= 0x5a;
            assert_eq!(reduce_wide(&bytes), Fq::from_be_bytes_mod_order(&bytes));
        }
    }
}
