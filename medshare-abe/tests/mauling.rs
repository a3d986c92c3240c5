//! Chosen ciphertexts: no changed header gives the key of the original, and none panics.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

mod common;

use ark_ec::{AffineRepr, CurveGroup};
use common::{
    RawHeader, RawKey, attributes, choices, order_three, outside_g2, policy, rng, torsion_g1,
    torsion_g2,
};
use medshare_abe::{
    DecapsulateError, Header, MasterSecretKey, PublicParameters, SharedSecret, UserSecretKey,
    Validity, decapsulate, decapsulate_strict, encapsulate,
};
use medshare_curve::encoding::{decode_g1, encode_g1, encode_g2};
use medshare_curve::{G1Affine, G2Affine, Gt, Scalar, pairing};
use medshare_types::G1Bytes;

struct Setting {
    parameters: PublicParameters,
    master: MasterSecretKey,
    bytes: Vec<u8>,
    secret: SharedSecret,
}

/// The start of C1, C2_0 and C3_0 in a header of this policy with τ = 1.
struct Places {
    c1: usize,
    c2: usize,
    c3: usize,
}

impl Setting {
    fn new(text: &str) -> Self {
        let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
        let (header, secret) = encapsulate(&parameters, &policy(text), b"aad", &mut rng(2));
        Self {
            parameters,
            master,
            bytes: header.to_bytes(),
            secret,
        }
    }

    fn key(&self, list: &str) -> UserSecretKey {
        let key = self.master.issue(
            &self.parameters,
            &attributes(list),
            Validity::ALWAYS,
            &mut rng(3),
        );
        key.expect("a key")
    }

    fn places(&self, text: &str) -> Places {
        // Envelope, the policy after its length, and no sealing date.
        let c1 = 6 + 4 + policy(text).to_bytes().len() + 1;
        Places {
            c1,
            c2: c1 + 96 + 4,
            c3: c1 + 96 + 4 + 96 + 4,
        }
    }

    fn with(&self, at: usize, bytes: &[u8]) -> Header {
        let mut changed = self.bytes.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        Header::from_bytes(&changed).expect("the policy is the same")
    }

    /// A changed header from which this mask makes this m.
    fn carrying(&self, message: &[u8; 32], masking: &Gt, at: usize, bytes: &[u8]) -> Header {
        let changed = RawHeader::unread(&self.with(at, bytes));
        let bytes = changed.carrying(message, masking);
        Header::from_bytes(&bytes).expect("the policy is the same")
    }

    fn open(&self, header: &Header, key: &UserSecretKey) -> Result<SharedSecret, DecapsulateError> {
        decapsulate(&self.parameters, header, key, b"aad")
    }

    fn assert_rejected(&self, header: &Header, key: &UserSecretKey) {
        let first = self.open(header, key).expect("rejection is implicit");
        let second = self.open(header, key).expect("rejection is implicit");
        assert_eq!(
            first.as_bytes(),
            second.as_bytes(),
            "the same for one copy of a key"
        );
        assert_ne!(first.as_bytes(), self.secret.as_bytes());
        let copy = UserSecretKey::from_bytes(&key.to_bytes(), &self.parameters, &mut rng(5));
        let third = self
            .open(header, &copy.expect("a key"))
            .expect("rejection is implicit");
        assert_ne!(
            first.as_bytes(),
            third.as_bytes(),
            "another for another copy"
        );
        assert_eq!(
            decapsulate_strict(&self.parameters, header, key, b"aad").expect_err("changed"),
            DecapsulateError::Rejected
        );
    }
}

#[test]
fn no_changed_byte_leaves_the_key() {
    let setting = Setting::new("a and (b or c)");
    let key = setting.key("a,b");
    let original = Header::from_bytes(&setting.bytes).expect("a header");
    let recovered = setting.open(&original, &key).expect("satisfied");
    assert_eq!(recovered.as_bytes(), setting.secret.as_bytes());
    for at in 0..setting.bytes.len() {
        let mut changed = setting.bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let Ok(header) = Header::from_bytes(&changed) else {
            continue;
        };
        if let Ok(recovered) = setting.open(&header, &key) {
            assert_ne!(recovered.as_bytes(), setting.secret.as_bytes(), "byte {at}");
        }
        let strict = decapsulate_strict(&setting.parameters, &header, &key, b"aad");
        assert!(strict.is_err(), "byte {at}");
    }
}

#[test]
fn another_context_gives_another_key() {
    let setting = Setting::new("a");
    let key = setting.key("a");
    let header = Header::from_bytes(&setting.bytes).expect("a header");
    let other = decapsulate(&setting.parameters, &header, &key, b"aae").expect("implicit");
    assert_ne!(other.as_bytes(), setting.secret.as_bytes());
    let strict = decapsulate_strict(&setting.parameters, &header, &key, b"aae");
    assert_eq!(
        strict.expect_err("other context"),
        DecapsulateError::Rejected
    );
}

/// Parts of two headers for one policy do not mix.
#[test]
fn parts_of_another_header_are_rejected() {
    let text = "a and b";
    let setting = Setting::new(text);
    let key = setting.key("a,b");
    let (other, _) = encapsulate(&setting.parameters, &policy(text), b"aad", &mut rng(7));
    let other = other.to_bytes();
    let Places { c1, c2, c3 } = setting.places(text);
    let end = setting.bytes.len();
    for field in [
        c1..c1 + 96,
        c2..c2 + 96,
        c3..c3 + 48,
        c3 + 48..end - 32,
        end - 32..end,
    ] {
        setting.assert_rejected(&setting.with(field.start, &other[field]), &key);
    }
}

#[test]
fn points_that_are_none_are_refused_or_rejected() {
    let text = "a or b";
    let setting = Setting::new(text);
    let Places { c1, c2, c3 } = setting.places(text);
    let (a, b) = (setting.key("a"), setting.key("b"));
    let mut identity = [0; 96];
    identity[0] = 0xc0;
    let outside = encode_g2(&outside_g2()).0;
    let mut uncompressed = [0; 96];
    uncompressed.copy_from_slice(&setting.bytes[c1..c1 + 96]);
    uncompressed[0] &= 0x7f;
    for bytes in [identity, outside, uncompressed, [0xff; 96]] {
        for at in [c1, c2] {
            let header = setting.with(at, &bytes);
            for key in [&a, &b] {
                let refused = setting.open(&header, key).expect_err("no point");
                assert_eq!(refused, DecapsulateError::InvalidHeader);
            }
        }
    }
    let outside = encode_g1(&torsion_g1()).0;
    for bytes in [&identity[..48], &outside, &[0xff; 48]] {
        setting.assert_rejected(&setting.with(c3, bytes), &a);
    }
}

/// Torsion that cancels in the sum passes the one subgroup check there is; the comparison of
/// encodings catches it.
#[test]
fn torsion_that_cancels_is_rejected() {
    let text = "a and b";
    let setting = Setting::new(text);
    let key = setting.key("a,b");
    let c3 = setting.places(text).c3;
    let mut rows: Vec<G1Affine> = setting.bytes[c3..c3 + 96]
        .chunks_exact(48)
        .map(|row| decode_g1(&G1Bytes(row.try_into().expect("48 bytes"))).expect("in G1"))
        .collect();
    let sum = rows[0] + rows[1];
    let torsion = torsion_g1();
    rows[0] = (rows[0] + torsion).into_affine();
    rows[1] = (rows[1] + -torsion).into_affine();
    assert!(!rows[0].is_in_correct_subgroup_assuming_on_curve());
    assert_eq!(rows[0] + rows[1], sum);
    let encoded: Vec<u8> = rows.iter().flat_map(|row| encode_g1(row).0).collect();
    setting.assert_rejected(&setting.with(c3, &encoded), &key);
    // A sealer can even make the right m come out.
    let honest = RawHeader::of(&Header::from_bytes(&setting.bytes).expect("a header"));
    let masking = honest.product(&["a", "b"], &RawKey::of(&key), &choices(2)[0b11]);
    let resealed = setting.carrying(&honest.message(&masking), &masking, c3, &encoded);
    setting.assert_rejected(&resealed, &key);
}

/// A sealer can make a header that only some accept: they agree with each other, the strict check
/// refuses it to everybody.
#[test]
fn a_header_that_splits_readers_fails_the_strict_check() {
    let text = "a or b";
    let setting = Setting::new(text);
    let c3 = setting.places(text).c3;
    let (a, also_a, b) = (setting.key("a"), setting.key("a,z"), setting.key("b"));
    let honest = Header::from_bytes(&setting.bytes).expect("a header");
    let raw = RawHeader::of(&honest);
    let masking = raw.product(&["a", "b"], &RawKey::of(&a), &choices(2)[1]);
    assert_eq!(&raw.key_from(&masking, b"aad"), setting.secret.as_bytes());
    // The row of a once more in the place of the row of b, everything else as it should be.
    let row = &setting.bytes[c3..c3 + 48];
    let split = setting.carrying(&raw.message(&masking), &masking, c3 + 48, row);
    let accepted = RawHeader::of(&split).key_from(&masking, b"aad");
    let open = |key| *setting.open(&split, key).expect("implicit").as_bytes();
    assert_eq!((open(&a), open(&also_a)), (accepted, accepted));
    assert_ne!(open(&b), accepted);
    for key in [&a, &b] {
        let strict = decapsulate_strict(&setting.parameters, &split, key, b"aad");
        assert_eq!(strict.expect_err("split"), DecapsulateError::Rejected);
    }
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
    let base = common::base();
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
                p.c3[1] = (p.c3[1] + common::attribute_point("a") * delta).into_affine();
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

/// `a and (a or b)`, whose rows 0 and 1 a's holder reads: each change as it is, and with a C4 from
/// which exactly the right m comes out, as only the sealer himself could make it.
#[test]
fn structured_changes_are_rejected_whatever_they_carry() {
    let text = "a and (a or b)";
    let setting = Setting::new(text);
    let (key, c1) = (setting.key("a"), setting.places(text).c1);
    let raw_key = RawKey::of(&key);
    let leaves = ["a", "a", "b"];
    let both = &choices(3)[0b011];
    let honest = RawHeader::of(&Header::from_bytes(&setting.bytes).expect("a header"));
    let masking = honest.product(&leaves, &raw_key, both);
    assert_eq!(
        &honest.key_from(&masking, b"aad"),
        setting.secret.as_bytes()
    );
    let message = honest.message(&masking);
    for (what, points) in structured(&Points::of(&honest)) {
        let encoded = points.encoded();
        setting.assert_rejected(&setting.with(c1, &encoded), &key);
        // What the key will find, which may be another element than before.
        let found = honest.with_points(points.c1, &points.c2, &points.c3);
        let found = found.product(&leaves, &raw_key, both);
        for mask in [masking, found] {
            let carrying = setting.carrying(&message, &mask, c1, &encoded);
            let opened = setting.open(&carrying, &key).expect("implicit");
            assert_ne!(
                opened.as_bytes(),
                &RawHeader::unread(&carrying).accepted(&message, b"aad"),
                "{what}"
            );
            setting.assert_rejected(&carrying, &key);
        }
    }
    // The same machinery, with nothing changed, makes the header itself.
    let same = setting.carrying(&message, &masking, c1, &Points::of(&honest).encoded());
    assert_eq!(same.to_bytes(), setting.bytes);
}

/// Rows that the key does not read may be anything; the strict check reads them all.
#[test]
fn rows_not_read_are_left_to_the_strict_check() {
    let text = "a or b";
    let setting = Setting::new(text);
    let key = setting.key("a");
    let c3 = setting.places(text).c3;
    let honest = RawHeader::of(&Header::from_bytes(&setting.bytes).expect("a header"));
    let masking = honest.product(&["a", "b"], &RawKey::of(&key), &choices(2)[1]);
    let message = honest.message(&masking);
    let torsion = (honest.c3[1] + order_three()).into_affine();
    let rows = [G1Affine::identity(), honest.c3[0], torsion, torsion_g1()];
    for row in rows
        .map(|row| encode_g1(&row).0)
        .into_iter()
        .chain([[0xff; 48]])
    {
        let changed = setting.carrying(&message, &masking, c3 + 48, &row);
        let opened = setting.open(&changed, &key).expect("implicit");
        let accepted = RawHeader::unread(&changed).accepted(&message, b"aad");
        assert_eq!(opened.as_bytes(), &accepted);
        // b's holder gets nothing of it.
        let other = setting.open(&changed, &setting.key("b")).expect("implicit");
        assert_ne!(other.as_bytes(), &accepted);
        let strict = decapsulate_strict(&setting.parameters, &changed, &key, b"aad");
        assert_eq!(strict.expect_err("a row"), DecapsulateError::Rejected);
        // Without the sealer's help C4 does not fit the changed body.
        setting.assert_rejected(&setting.with(c3 + 48, &row), &key);
    }
}

/// Every repeat's C2 is checked, also where the rows that are read do not need it.
#[test]
fn points_outside_the_subgroup_are_refused_in_every_c2() {
    let text = "a or (a and b)";
    let setting = Setting::new(text);
    let Places { c1, c2, .. } = setting.places(text);
    let honest = RawHeader::of(&Header::from_bytes(&setting.bytes).expect("a header"));
    assert_eq!(honest.c2.len(), 2);
    for (at, point) in [(c1, honest.c1), (c2, honest.c2[0]), (c2 + 96, honest.c2[1])] {
        let shifted = (point + torsion_g2()).into_affine();
        for bad in [shifted, torsion_g2(), outside_g2(), G2Affine::identity()] {
            let header = setting.with(at, &encode_g2(&bad).0);
            for key in [setting.key("a"), setting.key("a,b")] {
                let refused = setting.open(&header, &key).expect_err("no point");
                assert_eq!(refused, DecapsulateError::InvalidHeader);
                let strict = decapsulate_strict(&setting.parameters, &header, &key, b"aad");
                assert_eq!(strict.expect_err("no point"), refused);
            }
        }
    }
}

/// Coefficients of `2 of (a, b, c)` are multiples of 6, so torsion of order 3 is gone from the sum,
/// and with it from the mask: the comparison alone is left.
#[test]
fn torsion_that_a_coefficient_cancels_is_rejected() {
    let text = "2 of (a, b, c)";
    let setting = Setting::new(text);
    let key = setting.key("a,b");
    let c3 = setting.places(text).c3;
    let honest = RawHeader::of(&Header::from_bytes(&setting.bytes).expect("a header"));
    let weights = [12i64, -6]
        .map(Scalar::from)
        .into_iter()
        .enumerate()
        .collect();
    let masking = honest.product(&["a", "b", "c"], &RawKey::of(&key), &weights);
    assert_eq!(
        &honest.key_from(&masking, b"aad"),
        setting.secret.as_bytes()
    );
    let message = honest.message(&masking);
    for row in 0..2 {
        let shifted = encode_g1(&(honest.c3[row] + order_three()).into_affine()).0;
        let at = c3 + 48 * row;
        let carrying = setting.carrying(&message, &masking, at, &shifted);
        setting.assert_rejected(&carrying, &key);
    }
}

/// Policies under which the same points could be read: another order, weaker, stronger, other
/// names.
#[test]
fn the_policy_is_part_of_what_is_compared() {
    let text = "a and b";
    let setting = Setting::new(text);
    let start = 6 + 4;
    let old = policy(text).to_bytes();
    for other in [
        "b and a",
        "a or b",
        "b or a",
        "a and c",
        "c or d",
        "a and \"B\"",
    ] {
        let new = policy(other).to_bytes();
        assert_eq!(new.len(), old.len());
        let header = setting.with(start, &new);
        for key in ["a,b", "a,c", "b,c,d", "a,B"].map(|list| setting.key(list)) {
            match setting.open(&header, &key) {
                Ok(_) => setting.assert_rejected(&header, &key),
                Err(refused) => assert!(
                    matches!(refused, DecapsulateError::PolicyUnsatisfied { .. }),
                    "{other}: {refused}"
                ),
            }
        }
    }
    // More points than the policy has, or fewer.
    for (other, points) in [
        ("a and b", "a and a"),
        ("a and a", "a and b"),
        ("a", "a and b"),
    ] {
        let points = Setting::new(points);
        let body = &points.bytes[start + policy("a and b").to_bytes().len()..];
        let new = policy(other).to_bytes();
        let length = (new.len() as u32).to_le_bytes();
        let glued = [&points.bytes[..6], &length, &new, body].concat();
        assert!(Header::from_bytes(&glued).is_err(), "{other}");
    }
}

/// m ⊕ x under the same points, for every bit x: coins of another m make other points.
#[test]
fn another_message_is_rejected() {
    let setting = Setting::new("a");
    let key = setting.key("a");
    let c4 = setting.bytes.len() - 32;
    for bit in 0..256 {
        let mut changed = setting.bytes.clone();
        changed[c4 + bit / 8] ^= 1 << (bit % 8);
        let header = Header::from_bytes(&changed).expect("any C4");
        let opened = setting.open(&header, &key).expect("implicit");
        assert_ne!(opened.as_bytes(), setting.secret.as_bytes());
        let strict = decapsulate_strict(&setting.parameters, &header, &key, b"aad");
        assert_eq!(strict.expect_err("another m"), DecapsulateError::Rejected);
    }
}

/// What a rejected header gives depends on the copy of the key, the header and the context, and is
/// never what an accepted one gives.
#[test]
fn rejection_says_nothing() {
    let setting = Setting::new("a or b");
    let mut changed = setting.bytes.clone();
    *changed.last_mut().expect("C4") ^= 1;
    let header = Header::from_bytes(&changed).expect("any C4");
    *changed.last_mut().expect("C4") ^= 2;
    let second = Header::from_bytes(&changed).expect("any C4");
    let key = setting.key("a");
    let bytes = key.to_bytes();
    let copy = |seed| {
        UserSecretKey::from_bytes(&bytes, &setting.parameters, &mut rng(seed)).expect("a key")
    };
    let keys = [copy(5), copy(6), copy(7), key];
    let mut found = std::collections::BTreeSet::new();
    for key in &keys {
        for header in [&header, &second] {
            for aad in [&b"aad"[..], b"aad2", b""] {
                let opened = decapsulate(&setting.parameters, header, key, aad).expect("implicit");
                found.insert(*opened.as_bytes());
            }
        }
        // The original under another context is rejected in the same way.
        let honest = Header::from_bytes(&setting.bytes).expect("a header");
        let opened = decapsulate(&setting.parameters, &honest, key, b"other").expect("implicit");
        found.insert(*opened.as_bytes());
    }
    assert_eq!(found.len(), keys.len() * 7);
    assert!(!found.contains(setting.secret.as_bytes()));
}
