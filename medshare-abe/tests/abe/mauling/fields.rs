//! Every field of a header changed, exchanged or put under another policy or context.

use medshare_abe::{DecapsulateError, Header, decapsulate, decapsulate_strict, encapsulate};

use crate::common::{policy, rng};
use crate::mauling::target::{Places, Target};

#[test]
fn no_changed_byte_leaves_the_key() {
    let target = Target::new("a and (b or c)");
    let key = target.key("a,b");
    let original = target.header();
    let recovered = target.open(&original, &key).expect("satisfied");
    assert_eq!(recovered.as_bytes(), target.secret.as_bytes());
    for at in 0..target.bytes.len() {
        let mut changed = target.bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let Ok(header) = Header::from_bytes(&changed) else {
            continue;
        };
        if let Ok(recovered) = target.open(&header, &key) {
            assert_ne!(recovered.as_bytes(), target.secret.as_bytes(), "byte {at}");
        }
        let strict = target.open_strict(&header, &key);
        assert!(strict.is_err(), "byte {at}");
    }
}

/// m ⊕ x under the same points, for every bit x: coins of another m make other points.
#[test]
fn another_message_is_rejected() {
    let target = Target::new("a");
    let key = target.key("a");
    let c4 = target.bytes.len() - 32;
    for bit in 0..256 {
        let mut changed = target.bytes.clone();
        changed[c4 + bit / 8] ^= 1 << (bit % 8);
        let header = Header::from_bytes(&changed).expect("any C4");
        let opened = target.open(&header, &key).expect("implicit");
        assert_ne!(opened.as_bytes(), target.secret.as_bytes());
        let strict = target.open_strict(&header, &key);
        assert_eq!(strict.expect_err("another m"), DecapsulateError::Rejected);
    }
}

#[test]
fn another_context_gives_another_key() {
    let target = Target::new("a");
    let key = target.key("a");
    let header = target.header();
    let other = decapsulate(&target.setting.parameters, &header, &key, b"aae").expect("implicit");
    assert_ne!(other.as_bytes(), target.secret.as_bytes());
    let strict = decapsulate_strict(&target.setting.parameters, &header, &key, b"aae");
    assert_eq!(
        strict.expect_err("other context"),
        DecapsulateError::Rejected
    );
}

/// Parts of two headers for one policy do not mix.
#[test]
fn parts_of_another_header_are_rejected() {
    let text = "a and b";
    let target = Target::new(text);
    let key = target.key("a,b");
    let (other, _) = encapsulate(
        &target.setting.parameters,
        &policy(text),
        b"aad",
        &mut rng(7),
    );
    let other = other.to_bytes();
    let Places { c1, c2, c3 } = target.places();
    let end = target.bytes.len();
    for field in [
        c1..c1 + 96,
        c2..c2 + 96,
        c3..c3 + 48,
        c3 + 48..end - 32,
        end - 32..end,
    ] {
        target.assert_rejected(&target.with(field.start, &other[field]), &key);
    }
}

/// Policies under which the same points could be read: another order, weaker, stronger, other
/// names.
#[test]
fn the_policy_is_part_of_what_is_compared() {
    let text = "a and b";
    let target = Target::new(text);
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
        let header = target.with(start, &new);
        for key in ["a,b", "a,c", "b,c,d", "a,B"].map(|list| target.key(list)) {
            match target.open(&header, &key) {
                Ok(_) => target.assert_rejected(&header, &key),
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
        let points = Target::new(points);
        let body = &points.bytes[start + policy("a and b").to_bytes().len()..];
        let new = policy(other).to_bytes();
        let length = (new.len() as u32).to_le_bytes();
        let glued = [&points.bytes[..6], &length, &new, body].concat();
        assert!(Header::from_bytes(&glued).is_err(), "{other}");
    }
}
