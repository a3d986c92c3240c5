//! Choosing between points by masks: no branch and no memory access depends on the choice.

use ark_bls12_381::{Fq, Fq2};
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ff::{AdditiveGroup, Field};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// A field whose elements can be chosen by masks: those under the coordinates of G1 and of G2.
pub trait Select: Field {
    /// Sets the bits of `other & mask` in `self`.
    fn accumulate(&mut self, other: &Self, mask: u64);
    /// Becomes `other` if the choice is 1.
    fn assign_if(&mut self, other: &Self, choice: Choice);
}

impl Select for Fq {
    #[inline]
    fn accumulate(&mut self, other: &Self, mask: u64) {
        for (limb, other) in self.0.0.iter_mut().zip(other.0.0) {
            *limb |= other & mask;
        }
    }

    #[inline]
    fn assign_if(&mut self, other: &Self, choice: Choice) {
        for (limb, other) in self.0.0.iter_mut().zip(&other.0.0) {
            limb.conditional_assign(other, choice);
        }
    }
}

impl Select for Fq2 {
    #[inline]
    fn accumulate(&mut self, other: &Self, mask: u64) {
        self.c0.accumulate(&other.c0, mask);
        self.c1.accumulate(&other.c1, mask);
    }

    #[inline]
    fn assign_if(&mut self, other: &Self, choice: Choice) {
        self.c0.assign_if(&other.c0, choice);
        self.c1.assign_if(&other.c1, choice);
    }
}

/// The entry at `index`, negated if `negative` is 1. All entries are read, at most 2¹⁶.
///
/// No entry may be the identity or have y = 0, which negation treats differently.
#[inline]
pub(crate) fn look_up<P>(table: &[Affine<P>], index: u16, negative: u8) -> Affine<P>
where
    P: SWCurveConfig<BaseField: Select>,
{
    let mut x = P::BaseField::ZERO;
    let mut y = P::BaseField::ZERO;
    for (i, entry) in (0u16..).zip(table) {
        let mask = u64::conditional_select(&0, &u64::MAX, i.ct_eq(&index));
        x.accumulate(&entry.x, mask);
        y.accumulate(&entry.y, mask);
    }
    let negated = -y;
    y.assign_if(&negated, Choice::from(negative));
    Affine::new_unchecked(x, y)
}

/// Becomes `other` if the choice is 1.
#[inline]
pub(crate) fn assign_if<P>(point: &mut Projective<P>, other: &Projective<P>, choice: Choice)
where
    P: SWCurveConfig<BaseField: Select>,
{
    point.x.assign_if(&other.x, choice);
    point.y.assign_if(&other.y, choice);
    point.z.assign_if(&other.z, choice);
}
