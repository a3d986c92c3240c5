//! Odd multiples of points: what digits of scalars pick from.

use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AdditiveGroup, AffineRepr, CurveGroup};
use ark_ff::{Field, batch_inversion};

/// From so many points on, an inversion for each step costs less than it saves.
const TOGETHER: usize = 8;

/// P, 3P, 5P, … for every point, which may be any of the curve; one inversion for all.
pub(super) fn odd_multiples<P: SWCurveConfig, const COUNT: usize>(
    points: &[Affine<P>],
) -> Vec<[Affine<P>; COUNT]> {
    let mut multiples = Vec::with_capacity(COUNT * points.len());
    for point in points {
        let mut multiple = point.into_group();
        let double = multiple.double();
        for _ in 0..COUNT {
            multiples.push(multiple);
            multiple += double;
        }
    }
    let affine = Projective::normalize_batch(&multiples);
    let tables = affine.chunks_exact(COUNT);
    tables
        .map(|table| core::array::from_fn(|i| table[i]))
        .collect()
}

/// P, 3P, 5P, … for every point, in the subgroup of large order.
///
/// Cost: for many points a multiple costs six products in the field instead of eighteen, because
/// it is added in affine coordinates, and the inversions of a step are done together.
pub(super) fn odd_multiples_in_group<P: SWCurveConfig, const COUNT: usize>(
    points: &[Affine<P>],
) -> Vec<[Affine<P>; COUNT]> {
    if points.len() < TOGETHER {
        return odd_multiples(points);
    }
    let doubles: Vec<_> = points.iter().map(|p| p.into_group().double()).collect();
    let doubles = Projective::normalize_batch(&doubles);
    let mut tables: Vec<_> = points.iter().map(|point| [*point; COUNT]).collect();
    let mut inverses = vec![P::BaseField::ZERO; points.len()];
    for i in 1..COUNT {
        for ((inverse, table), double) in inverses.iter_mut().zip(&tables).zip(&doubles) {
            *inverse = double.x - table[i - 1].x;
        }
        batch_inversion(&mut inverses);
        for ((inverse, table), double) in inverses.iter().zip(&mut tables).zip(&doubles) {
            // The table of the identity is full of it already. No other sum is exceptional: no odd
            // number below 2·COUNT is ±2 modulo the order.
            if !double.is_zero() {
                table[i] = chord(&table[i - 1], double, inverse);
            }
        }
    }
    tables
}

/// P + Q with the inverse of x_Q − x_P, which is not 0.
fn chord<P: SWCurveConfig>(p: &Affine<P>, q: &Affine<P>, inverse: &P::BaseField) -> Affine<P> {
    let slope = (q.y - p.y) * inverse;
    let x = slope.square() - p.x - q.x;
    Affine::new_unchecked(x, slope * (p.x - x) - p.y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::G1Affine;
    use crate::Scalar;
    use ark_bls12_381::g1;

    #[test]
    fn both_ways_make_the_multiples() {
        let mut points: Vec<G1Affine> = (1..12u64)
            .map(|n| (G1Affine::generator() * Scalar::from(n)).into_affine())
            .collect();
        points[3] = G1Affine::identity();
        let expected: Vec<[G1Affine; 16]> = points
            .iter()
            .map(|point| {
                core::array::from_fn(|i| (*point * Scalar::from(2 * i as u64 + 1)).into_affine())
            })
            .collect();
        assert!(points.len() >= TOGETHER);
        assert_eq!(odd_multiples::<g1::Config, 16>(&points), expected);
        assert_eq!(odd_multiples_in_group::<g1::Config, 16>(&points), expected);
        let few = odd_multiples_in_group::<g1::Config, 16>(&points[..TOGETHER - 1]);
        assert_eq!(few, expected[..TOGETHER - 1]);
    }
}
