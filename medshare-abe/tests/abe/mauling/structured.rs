//! Changes that keep to the form of a header.

use ark_ec::{AffineRepr, CurveGroup};
use medshare_curve::encoding::{encode_g1, encode_g2};
use medshare_curve::{G1Affine, G2Affine, Scalar, pairing};

use crate::common::{RawHeader, RawKey, attribute_point, base, choices, order_three};
use crate::mauling::target::Target;

/// `a and (a or b)`, whose rows 0 and 1 a's holder reads: each change as it is, and with a C4 from
/// which exactly the right m comes out, as only the sealer himself could make it.
#[test]
fn structured_changes_are_rejected_whatever_they_carry() {
    let target = Target::new("a and (a or b)");
    let (key, c1) = (target.key("a"), target.places().c1);
    let raw_key = RawKey::of(&key);
    let leaves = ["a", "a", "b"];
    let both = &choices(3)[0b011];
    let honest = target.raw();
    let masking = honest.product(&leaves, &raw_key, both);
    assert_eq!(&honest.key_from(&masking, b"aad"), target.secret.as_bytes());
    let message = honest.message(&masking);
    for (what, points) in structured(&Points::of(&honest)) {
        let encoded = points.encoded();
        target.assert_rejected(&target.with(c1, &encoded), &key);
        // What the key will find, which may be another element than before.
        let found = honest.with_points(points.c1, &points.c2, &points.c3);
        let found = found.product(&leaves, &raw_key, both);
        for mask in [masking, found] {
            let carrying = target.carrying(&message, &mask, c1, &encoded);
            let opened = target.open(&carrying, &key).expect("implicit");
            assert_ne!(
                opened.as_bytes(),
                &RawHeader::unread(&carrying).accepted(&message, b"aad"),
                "{what}"
            );
            target.assert_rejected(&carrying, &key);
        }
    }
    // The same machinery, with nothing changed, makes the header itself.
    let same = target.carrying(&message, &masking, c1, &Points::of(&honest).encoded());
    assert_eq!(same.to_bytes(), target.bytes);
}

/// The points of a header, to be changed and written back.
#[derive(Clone)]
struct Points {
    c1: G2Affine,
    c2: Vec<G2Affine>,
    c3: Vec<G1Affine>,
}

impl Points {
    fn of(header: &RawHeader) -> Self {
        Self {
            c1: header.c1,
            c2: header.c2.clone(),
            c3: header.c3.clone(),
        }
    }

    fn change(&self, change: impl Fn(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }

    /// As they stand in a header: C1, the C2 after their number, the C3 after theirs.
    fn encoded(&self) -> Vec<u8> {
        let mut bytes = encode_g2(&self.c1).0.to_vec();
        bytes.extend((self.c2.len() as u32).to_le_bytes());
        self.c2
            .iter()
            .for_each(|point| bytes.extend(encode_g2(point).0));
        bytes.extend((self.c3.len() as u32).to_le_bytes());
        self.c3
            .iter()
            .for_each(|point| bytes.extend(encode_g1(point).0));
        bytes
    }
}

fn times<G: AffineRepr<ScalarField = Scalar>>(point: &mut G, factor: i64) {
    *point = (*point * Scalar::from(factor)).into_affine();
}

/// Changes that keep to the form of a header: rows and repeats swapped, copied, scaled, negated,
/// with torsion; C1 negated, scaled, swapped with a C2; everything scaled, and s shifted
/// consistently.
fn structured(original: &Points) -> Vec<(&'static str, Points)> {
    let delta = Scalar::from(77u64);
    let base = base();
    vec![
        ("C1 negated", original.change(|p| times(&mut p.c1, -1))),
        ("C1 doubled", original.change(|p| times(&mut p.c1, 2))),
        ("C2 negated", original.change(|p| times(&mut p.c2[0], -1))),
        (
            "repeat negated",
            original.change(|p| times(&mut p.c2[1], -1)),
        ),
        ("repeats swapped", original.change(|p| p.c2.swap(0, 1))),
        ("repeat copied", original.change(|p| p.c2[1] = p.c2[0])),
        (
            "C1 and C2 swapped",
            original.change(|p| core::mem::swap(&mut p.c1, &mut p.c2[0])),
        ),
        ("rows swapped", original.change(|p| p.c3.swap(0, 1))),
        ("row copied", original.change(|p| p.c3[1] = p.c3[0])),
        ("row negated", original.change(|p| times(&mut p.c3[0], -1))),
        ("row scaled", original.change(|p| times(&mut p.c3[1], 3))),
        (
            "rows scaled",
            original.change(|p| p.c3.iter_mut().for_each(|row| times(row, 2))),
        ),
        (
            "row shifted",
            original.change(|p| p.c3[0] = (p.c3[0] + base).into_affine()),
        ),
        (
            "value moved between rows",
            original.change(|p| {
                p.c3[0] = (p.c3[0] + base).into_affine();
                p.c3[1] = (p.c3[1] - base).into_affine();
            }),
        ),
        (
            "everything negated",
            original.change(|p| {
                times(&mut p.c1, -1);
                p.c2.iter_mut().for_each(|point| times(point, -1));
                p.c3.iter_mut().for_each(|row| times(row, -1));
            }),
        ),
        (
            "s shifted, first row too",
            original.change(|p| {
                p.c1 = (p.c1 + pairing::g2() * delta).into_affine();
                p.c3[0] = (p.c3[0] + base * delta).into_affine();
            }),
        ),
        (
            "blinding of the repeat shifted",
            original.change(|p| {
                p.c2[1] = (p.c2[1] + pairing::g2() * delta).into_affine();
                p.c3[1] = (p.c3[1] + attribute_point("a") * delta).into_affine();
            }),
        ),
        (
            "torsion",
            original.change(|p| p.c3[0] = (p.c3[0] + order_three()).into_affine()),
        ),
        (
            "row gone",
            original.change(|p| p.c3[0] = G1Affine::identity()),
        ),
    ]
}
