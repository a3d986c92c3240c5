//! Commitments to a shared polynomial in GT: A_k = a_k·e(g1, g2).
//!
//! A commitment in G1 would be the master key itself: e(α·g1, C1) = s·E. None in G2 is needed.

use core::fmt;

use ark_ec::CurveGroup;
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::encoding::{GT_LEN, decode_gt, encode_gt};
use medshare_curve::fixed_base::g1_generator_mul_regular;
use medshare_curve::polynomial::{self, Polynomial};
use medshare_curve::{EncodingError, Gt, pairing};
use zeroize::Zeroizing;

pub(super) type Commitments = polynomial::Commitments<Gt>;

/// Commits to every coefficient. Cost: a fixed-base product and a pairing for each.
pub(super) fn commit(polynomial: &Polynomial) -> Commitments {
    polynomial.commitments(|coefficient| {
        let point = Zeroizing::new(g1_generator_mul_regular(coefficient).into_affine());
        pairing::pairing(&point, &pairing::g2())
    })
}

/// An encoded element of GT, not yet decoded or checked.
#[derive(Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct GtBytes(pub(super) [u8; GT_LEN]);

impl GtBytes {
    pub(super) fn of(element: &Gt) -> Self {
        Self(encode_gt(element))
    }

    pub(super) fn decode(&self) -> Result<Gt, EncodingError> {
        decode_gt(&self.0)
    }
}

impl fmt::Debug for GtBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(f, "GtBytes({first:02x}{second:02x}..)")
    }
}
