//! The simplified SWU map and the 11-isogeny, without inversions: RFC 9380, sections 6.6.2, 6.6.3
//! and appendix F.2.

use ark_bls12_381::{Fq, g1};
use ark_ec::hashing::curve_maps::swu::SWUConfig;
use ark_ec::hashing::curve_maps::wb::WBConfig;
use ark_ec::short_weierstrass::{Projective, SWCurveConfig};
use ark_ff::{Field, MontFp, One, Zero};

use crate::G1Projective;
use crate::field::{pow_quarter, sgn0};

/// E': y² = x³ + A'x + B', 11-isogenous to the curve of G1.
type Isogenous = <g1::Config as WBConfig>::IsogenousCurve;

const A: Fq = <Isogenous as SWCurveConfig>::COEFF_A;
const B: Fq = <Isogenous as SWCurveConfig>::COEFF_B;
/// Z = 11, the suite's non-square.
const Z: Fq = <Isogenous as SWUConfig>::ZETA;
/// √(−Z³). Either root will do: the sign of y is set afterwards.
const SQRT_MINUS_Z_CUBED: Fq = MontFp!(
    "590728492726997966099618626120482682095437733689734941576187760067601492637096712773899690116980580577616657575925"
);

/// `map_to_curve_simple_swu` as Jacobian coordinates (appendix F.2, with `sqrt_ratio` for
/// p ≡ 3 mod 4, appendix F.2.1.2, written out).
pub(super) fn map_to_isogenous(u: &Fq) -> Projective<Isogenous> {
    let zu2 = Z * u.square();
    let tv2 = zu2.square() + zu2;
    let x1n = (tv2 + Fq::one()) * B;
    let xd = A * if tv2.is_zero() { Z } else { -tv2 };
    let xd2 = xd.square();
    let gxd = xd2 * xd;
    // g(x1) = (x1n³ + A·x1n·xd² + B·xd³) / xd³
    let gx1n = (x1n.square() + A * xd2) * x1n + B * gxd;

    // y1 = √(gx1n/gxd) if that is a square: (gx1n·gxd) · (gx1n·gxd³)^((p−3)/4)
    let product = gx1n * gxd;
    let y1 = pow_quarter(&(product * gxd.square())) * product;
    let (xn, y) = if y1.square() * gxd == gx1n {
        (x1n, y1)
    } else {
        // x2 = Z·u²·x1 and y2 = √(−Z³)·u³·y1
        (zu2 * x1n, SQRT_MINUS_Z_CUBED * u.square() * u * y1)
    };
    let y = if sgn0(u) == sgn0(&y) { y } else { -y };
    Projective::new_unchecked(xn * xd, y * gxd, xd)
}

/// `iso_map` (appendix E.2) in Jacobian coordinates: with x = X/Z², each polynomial is evaluated
/// homogeneously, and one common denominator becomes the new Z. Poles give Z = 0, the identity.
pub(super) fn isogeny(point: &Projective<Isogenous>) -> G1Projective {
    let map = <g1::Config as WBConfig>::ISOGENY_MAP;
    let w = point.z.square();
    // Σ k_i·X^i·W^(d−i), which is W^d times the polynomial at x.
    let evaluate = |polynomial: &[Fq]| {
        let mut weight = Fq::one();
        let mut acc = Fq::zero();
        for coefficient in polynomial.iter().rev() {
            acc = acc * point.x + weight * coefficient;
            weight *= w;
        }
        acc
    };
    let (xn, xd) = (
        evaluate(map.x_map_numerator),
        evaluate(map.x_map_denominator),
    );
    let (yn, yd) = (
        evaluate(map.y_map_numerator),
        evaluate(map.y_map_denominator),
    );
    // Degrees are 11/10 and 15/15: x' = xn / (W·xd), y' = (Y/Z³)·yn / yd.
    let xd = xd * w;
    let yd = yd * w * point.z;
    let z = xd * yd;
    let yd2 = yd.square();
    let xd2 = xd.square();
    let x = xn * xd * yd2;
    let y = point.y * yn * xd2 * xd * yd2;
    G1Projective::new_unchecked(x, y, z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::CurveGroup;
    use ark_ec::hashing::curve_maps::swu::SWUMap;
    use ark_ec::hashing::map_to_curve_hasher::MapToCurve;

    #[test]
    fn the_constant_is_the_root() {
        assert_eq!(SQRT_MINUS_Z_CUBED.square(), -Z.square() * Z);
    }

    #[test]
    fn the_map_agrees_with_arkworks() {
        // 0 reaches the exceptional denominator.
        for n in 0..20u64 {
            let u = Fq::from(n).pow([0xffff_ffff_ffff_fff1]);
            let ours = map_to_isogenous(&u).into_affine();
            assert!(ours.is_on_curve());
            assert_eq!(ours, SWUMap::<Isogenous>::map_to_curve(u).expect("maps"));
        }
    }
}
