//! Who notices what: readers of a dishonest sealer's header, the strict check, and what a rejection
//! tells.

use std::collections::BTreeSet;

use ark_ec::CurveGroup;
use medshare_abe::{DecapsulateError, Header, UserSecretKey, decapsulate};
use medshare_curve::G1Affine;
use medshare_curve::encoding::encode_g1;

use crate::common::{RawHeader, RawKey, choices, order_three, rng, torsion_g1};
use crate::mauling::target::Target;

/// What a rejected header gives depends on the copy of the key, the header and the context, and is
/// never what an accepted one gives.
#[test]
fn rejection_says_nothing() {
    let target = Target::new("a or b");
    let mut changed = target.bytes.clone();
    *changed.last_mut().expect("C4") ^= 1;
    let header = Header::from_bytes(&changed).expect("any C4");
    *changed.last_mut().expect("C4") ^= 2;
    let second = Header::from_bytes(&changed).expect("any C4");
    let key = target.key("a");
    let bytes = key.to_bytes();
    let parameters = &target.setting.parameters;
    let copy = |seed| UserSecretKey::from_bytes(&bytes, parameters, &mut rng(seed)).expect("a key");
    let keys = [copy(5), copy(6), copy(7), key];
    let mut found = BTreeSet::new();
    for key in &keys {
        for header in [&header, &second] {
            for aad in [&b"aad"[..], b"aad2", b""] {
                let opened = decapsulate(parameters, header, key, aad).expect("implicit");
                found.insert(*opened.as_bytes());
            }
        }
        // The original under another context is rejected in the same way.
        let honest = target.header();
        let opened = decapsulate(parameters, &honest, key, b"other").expect("implicit");
        found.insert(*opened.as_bytes());
    }
    assert_eq!(found.len(), keys.len() * 7);
    assert!(!found.contains(target.secret.as_bytes()));
}

/// A sealer can make a header that only some accept: they agree with each other, the strict check
/// refuses it to everybody.
#[test]
fn a_header_that_splits_readers_fails_the_strict_check() {
    let target = Target::new("a or b");
    let c3 = target.places().c3;
    let (a, also_a, b) = (target.key("a"), target.key("a,z"), target.key("b"));
    let honest = target.header();
    let raw = RawHeader::of(&honest);
    let masking = raw.product(&["a", "b"], &RawKey::of(&a), &choices(2)[1]);
    assert_eq!(&raw.key_from(&masking, b"aad"), target.secret.as_bytes());
    // The row of a once more in the place of the row of b, everything else as it should be.
    let row = &target.bytes[c3..c3 + 48];
    let split = target.carrying(&raw.message(&masking), &masking, c3 + 48, row);
    let accepted = RawHeader::of(&split).key_from(&masking, b"aad");
    let open = |key| *target.open(&split, key).expect("implicit").as_bytes();
    assert_eq!((open(&a), open(&also_a)), (accepted, accepted));
    assert_ne!(open(&b), accepted);
    for key in [&a, &b] {
        let strict = target.open_strict(&split, key);
        assert_eq!(strict.expect_err("split"), DecapsulateError::Rejected);
    }
}

/// Rows that the key does not read may be anything; the strict check reads them all.
#[test]
fn rows_not_read_are_left_to_the_strict_check() {
    let target = Target::new("a or b");
    let key = target.key("a");
    let c3 = target.places().c3;
    let honest = target.raw();
    let masking = honest.product(&["a", "b"], &RawKey::of(&key), &choices(2)[1]);
    let message = honest.message(&masking);
    let torsion = (honest.c3[1] + order_three()).into_affine();
    let rows = [G1Affine::identity(), honest.c3[0], torsion, torsion_g1()];
    for row in rows
        .map(|row| encode_g1(&row).0)
        .into_iter()
        .chain([[0xff; 48]])
    {
        let changed = target.carrying(&message, &masking, c3 + 48, &row);
        let opened = target.open(&changed, &key).expect("implicit");
        let accepted = RawHeader::unread(&changed).accepted(&message, b"aad");
        assert_eq!(opened.as_bytes(), &accepted);
        // b's holder gets nothing of it.
        let other = target.open(&changed, &target.key("b")).expect("implicit");
        assert_ne!(other.as_bytes(), &accepted);
        let strict = target.open_strict(&changed, &key);
        assert_eq!(strict.expect_err("a row"), DecapsulateError::Rejected);
        // Without the sealer's help C4 does not fit the changed body.
        target.assert_rejected(&target.with(c3 + 48, &row), &key);
    }
}
