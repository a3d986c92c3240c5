//! Attacks on the algebra: points are combined directly, past every check of the crate.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

mod common;

use ark_ec::CurveGroup;
use common::{Formula, RawHeader, RawKey, Reading, attributes, choices, policy, rng, subset};
use medshare_abe::{KeyError, MasterSecretKey, UserSecretKey, Validity, encapsulate};
use medshare_curve::encoding::{decode_gt, encode_g1, encode_g2};
use medshare_curve::hash::hash_to_g1;
use medshare_curve::scalar::random_scalar;
use medshare_curve::{G1Affine, Gt, Scalar, pairing};

/// Shares, not a satisfaction check, keep those out who do not satisfy: for every formula of `and`,
/// `or` and `k of`, and every set of attributes, some reading gives the key if and only if the set
/// satisfies. Readings that need fewer operands than the formula are tried too: an `and` that handed
/// its whole secret to one operand, or a polynomial of too small a degree, would fail here.
#[test]
fn some_rows_give_the_key_exactly_to_those_who_satisfy() {
    let names = ["a", "b", "c"];
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let keys: Vec<RawKey> = (1..8usize)
        .map(|bits| {
            let set = attributes(&subset(&names, bits).join(","));
            let key = master.issue(&parameters, &set, Validity::ALWAYS, &mut rng(bits as u64));
            RawKey::of(&key.expect("a key"))
        })
        .collect();
    let leaves: [&[&'static str]; 5] = [
        &["a", "b"],
        &["a", "b", "c"],
        &["a", "a", "b"],
        &["a", "b", "a", "c"],
        &["a", "a"],
    ];
    for formula in leaves.iter().flat_map(|l| Formula::all(l)) {
        let policy = policy(&formula.text());
        let (header, secret) = encapsulate(&parameters, &policy, b"aad", &mut rng(9));
        let raw = RawHeader::of(&header);
        let readings = formula.readings();
        for (key, bits) in keys.iter().zip(1..) {
            let held = subset(&names, bits);
            let opened = raw.is_opened_by(&formula.leaves(), &readings, key, secret.as_bytes());
            assert_eq!(opened, formula.is_true(&held), "{policy} with {held:?}");
        }
    }
}

/// `x and (x or y)`: if both x had the same C2, y's holder could cancel the first row.
#[test]
fn repeated_attributes_do_not_open_each_other() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let (header, secret) = encapsulate(&parameters, &policy("x and (x or y)"), b"aad", &mut rng(2));
    let raw = RawHeader::of(&header);
    assert_eq!(raw.c2.len(), 2);
    let issue = |list: &str| {
        let key = master.issue(
            &parameters,
            &attributes(list),
            Validity::ALWAYS,
            &mut rng(3),
        );
        RawKey::of(&key.expect("a key"))
    };
    let (x, y) = (issue("x"), issue("y"));
    let all = choices(3);
    assert!(raw.is_opened_by(&["x", "x", "y"], &all, &x, secret.as_bytes()));
    assert!(!raw.is_opened_by(&["x", "x", "y"], &all, &y, secret.as_bytes()));
    // (1, −1, 2) is the attack; a few neighbours of it.
    let weights = [
        (1, -1, 2),
        (-1, 1, 2),
        (1, -1, 1),
        (1, 0, -1),
        (0, 0, 2),
        (1, 1, 2),
    ];
    let weighted = |(first, second, third): (i64, i64, i64)| -> Reading {
        let weights = [first, second, third].map(Scalar::from);
        weights.into_iter().enumerate().collect()
    };
    let readings = weights.map(weighted);
    assert!(!raw.is_opened_by(&["x", "x", "y"], &readings, &y, secret.as_bytes()));
}

fn combine(rows: &[Gt; 3], coefficients: [i64; 3]) -> Gt {
    let terms = rows.iter().zip(coefficients);
    terms
        .map(|(row, coefficient)| *row * Scalar::from(coefficient))
        .sum()
}

/// The attack that the test above repeats does work where repeats share a C2.
#[test]
fn sharing_a_repeat_would_open_to_y() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let key = master.issue(&parameters, &attributes("y"), Validity::ALWAYS, &mut rng(2));
    let y = RawKey::of(&key.expect("a key"));
    let e: [u8; 576] = parameters.to_bytes()[6..].try_into().expect("E");
    let e = decode_gt(&e).expect("in GT");
    let [s, v, repeat] = [0, 1, 2].map(|seed| random_scalar(&mut rng(seed)));
    let base = hash_to_g1(DST, &hash_input(&["medshare/abe/base/v1"]));
    let row = |share: Scalar, name| (base * share + attribute_point(name) * repeat).into_affine();
    let rows = [row(v, "x"), row(s - v, "x"), row(s - v, "y")];
    let c2 = (pairing::g2() * repeat).into_affine();
    let mut terms = rows.map(|row| pairing::pairing(&-row, &y.k3));
    terms[2] += pairing::pairing(&y.parts["y"], &c2);
    let start = pairing::pairing(&y.k1, &(pairing::g2() * s).into_affine());
    assert_eq!(start + combine(&terms, [1, -1, 2]), e * s);
}

#[test]
fn parts_of_two_users_do_not_add_up() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let (header, secret) = encapsulate(&parameters, &policy("a and b"), b"aad", &mut rng(2));
    let raw = RawHeader::of(&header);
    let mut random = rng(3);
    let mut issue = |list: &str| {
        let key = master.issue(
            &parameters,
            &attributes(list),
            Validity::ALWAYS,
            &mut random,
        );
        RawKey::of(&key.expect("a key"))
    };
    let (alice, bob, both) = (issue("a"), issue("b"), issue("a,b"));
    assert!(raw.is_opened_by(&["a", "b"], &choices(2), &both, secret.as_bytes()));
    let parts = alice.parts.into_iter().chain(bob.parts);
    let mut pooled = RawKey {
        parts: parts.collect(),
        ..both
    };
    for k1 in [alice.k1, bob.k1, (alice.k1 + bob.k1).into_affine()] {
        for k3 in [alice.k3, bob.k3, (alice.k3 + bob.k3).into_affine()] {
            (pooled.k1, pooled.k3) = (k1, k3);
            assert!(!raw.is_opened_by(&["a", "b"], &choices(2), &pooled, secret.as_bytes()));
        }
    }
}

/// What the scheme's r protects from, and that every key has its own.
#[test]
fn keys_with_one_r_can_be_pooled_and_no_two_keys_have_one() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let (header, secret) = encapsulate(&parameters, &policy("a and b"), b"aad", &mut rng(2));
    let raw = RawHeader::of(&header);
    let pool = |alice: RawKey, bob: RawKey| RawKey {
        parts: alice.parts.into_iter().chain(bob.parts).collect(),
        ..alice
    };
    let issue = |list: &str, random: &mut _| {
        let key = master.issue(&parameters, &attributes(list), Validity::ALWAYS, random);
        RawKey::of(&key.expect("a key"))
    };
    // A generator that repeats itself gives r away twice: the attack works.
    let broken = pool(issue("a", &mut rng(3)), issue("b", &mut rng(3)));
    assert!(raw.is_opened_by(&["a", "b"], &choices(2), &broken, secret.as_bytes()));
    let mut random = rng(3);
    let (alice, again) = (issue("a", &mut random), issue("a", &mut random));
    assert_ne!(alice.k3, again.k3);
    let sound = pool(alice, issue("b", &mut random));
    assert!(!raw.is_opened_by(&["a", "b"], &choices(2), &sound, secret.as_bytes()));
}

/// A key glued together from two is not accepted, nor one with a foreign or moved part.
#[test]
fn keys_that_do_not_belong_together_are_not_read() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let mut random = rng(2);
    let mut issue = |list: &str| {
        let key = master.issue(
            &parameters,
            &attributes(list),
            Validity::ALWAYS,
            &mut random,
        );
        key.expect("a key").to_bytes()
    };
    let (alice, bob) = (issue("a,b"), issue("a,b"));
    let read =
        |bytes: &[u8]| UserSecretKey::from_bytes(bytes, &parameters, &mut rng(4)).map(|_| ());
    assert_eq!(read(&alice), Ok(()));
    // K1, K3, and the parts of a and b, each after its own length fields.
    let (k1, k3) = (38..86, 86..182);
    let (a, b) = (191..239, 244..292);
    // No values, the two days of the validity, and its one part.
    assert_eq!(alice.len(), b.end + 4 + 4 + 4 + 48);
    for field in [k1, k3, a.clone(), b.clone()] {
        let mut mixed = alice.to_vec();
        mixed[field.clone()].copy_from_slice(&bob[field]);
        assert_eq!(read(&mixed), Err(KeyError::Inconsistent));
    }
    let mut swapped = alice.to_vec();
    swapped[a.clone()].copy_from_slice(&alice[b.clone()]);
    swapped[b].copy_from_slice(&alice[a]);
    assert_eq!(read(&swapped), Err(KeyError::Inconsistent));
}

const DST: &[u8] = b"MEDSHARE-ABE-V01-CS01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";

fn hash_input(fields: &[&str]) -> Vec<u8> {
    let with_length =
        |field: &&str| [&(field.len() as u64).to_le_bytes(), field.as_bytes()].concat();
    fields.iter().flat_map(with_length).collect()
}

fn attribute_point(name: &str) -> G1Affine {
    hash_to_g1(DST, &hash_input(&["medshare/abe/attribute-name/v1", name]))
}

/// H is hashing to the curve as the specification says, not a multiple of a known point.
#[test]
fn attributes_are_hashed_to_the_curve() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let key = master.issue(
        &parameters,
        &attributes("role:nurse"),
        Validity::ALWAYS,
        &mut rng(2),
    );
    let key = RawKey::of(&key.expect("a key"));
    let point = attribute_point("role:nurse");
    assert_eq!(
        pairing::pairing(&key.parts["role:nurse"], &pairing::g2()),
        pairing::pairing(&point, &key.k3)
    );
}

/// e(α·g1, C1) is the mask, so no point of G1 that everybody sees may depend on α: the parameters
/// are one element of GT, and no two points of a header pair to it.
#[test]
fn nothing_public_pairs_to_the_mask() {
    let (parameters, _) = MasterSecretKey::setup(&mut rng(1));
    assert_eq!(parameters.to_bytes().len(), 6 + 576);
    let (header, secret) = encapsulate(&parameters, &policy("a or (b and c)"), b"aad", &mut rng(2));
    let raw = RawHeader::of(&header);
    let g1 = [pairing::g1()].into_iter().chain(raw.c3.iter().copied());
    let g2: Vec<_> = [pairing::g2(), raw.c1]
        .into_iter()
        .chain(raw.c2.iter().copied())
        .collect();
    for p in g1 {
        for q in &g2 {
            let key = raw.key_from(&pairing::pairing(&p, q), b"aad");
            assert_ne!(&key, secret.as_bytes());
        }
    }
}

#[test]
fn encodings_in_headers_are_the_curve_toolkits() {
    let (parameters, _) = MasterSecretKey::setup(&mut rng(1));
    let (header, _) = encapsulate(&parameters, &policy("a"), b"aad", &mut rng(2));
    let raw = RawHeader::of(&header);
    let bytes = header.to_bytes();
    let contains = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    assert!(contains(&encode_g2(&raw.c1).0) && contains(&encode_g1(&raw.c3[0]).0));
}
