//! Comparisons: parts of values that do not meet them, of one person and of two.

use medshare_curve::{G1Affine, Gt, Scalar, pairing};

use crate::common::{RawHeader, RawKey, Setting, hospitals, with_r_of};

/// Every part of every key.
fn parts(keys: &[RawKey]) -> Vec<G1Affine> {
    let values = keys.iter().flat_map(|key| key.values.values().flatten());
    let others = keys
        .iter()
        .flat_map(|key| key.parts.values().chain(&key.days));
    values.chain(others).copied().collect()
}

/// How many ways of reading one row give the key: each row, with each component of any key or none, with
/// the K1 and the K3 of each, or the mean of two K1.
fn ways(header: &RawHeader, secret: &[u8; 32], keys: &[RawKey]) -> usize {
    let mut starts: Vec<Gt> = keys
        .iter()
        .map(|key| pairing::pairing(&key.k1, &header.c1))
        .collect();
    let half = Scalar::from(1u64) / Scalar::from(2u64);
    if let [first, second] = starts[..] {
        starts.push((first + second) * half);
    }
    let nothing = pairing::multi_pairing(&[]);
    let read = parts(keys)
        .into_iter()
        .map(|part| pairing::pairing(&part, &header.c2[0]));
    let read: Vec<Gt> = read.chain([nothing]).collect();
    let mut found = 0;
    for row in &header.c3 {
        for key in keys {
            let row = pairing::pairing(&-*row, &key.k3);
            for start in &starts {
                let sums = read.iter().map(|part| *start + row + *part);
                found += sums
                    .filter(|gt| header.key_from(gt, b"aad") == *secret)
                    .count();
            }
        }
    }
    found
}

#[test]
fn no_part_of_a_value_outside_opens_a_row() {
    let setting = Setting::new();
    for (text, inside, outside) in [
        ("d >= 1970-01-20", "d = 1970-01-20", &["d = 1970-01-19"][..]),
        (
            "d <= 1970-01-20",
            "d = 1970-01-20",
            &["d = 1970-01-21", "d = 1970-01-22"],
        ),
        // One before, one behind, who share prefixes with everybody inside.
        (
            "d in 1970-01-06..1970-01-21",
            "d = 1970-01-09",
            &["d = 1970-01-05", "d = 1970-01-22"],
        ),
        ("n in 4..11", "n = 8", &["n = 3", "n = 12"]),
        (
            "n == 7",
            "n = 7",
            &[
                "n = 6",
                "n = 14, m = 7, d = 1970-01-08, \"n = 7\", \"n == 7\"",
            ],
        ),
        // The number whose upper half is that date, under the same label.
        ("d == 1970-01-21", "d = 1970-01-21", &["d = 1310720"]),
        ("d == 1310720", "d = 1310720", &["d = 1970-01-21"]),
        (
            "hospital != charité",
            "hospital = west",
            &["hospital = charité"],
        ),
        // The same value twice, and its bits under other labels.
        (
            "hospital != charité",
            "hospital = north",
            &["hospital = charité", "hospital = charité, n = 2"],
        ),
        (
            "hospital == west",
            "hospital = west",
            &["hospital = south", "hospital:west, n = 4, west"],
        ),
    ] {
        let (header, secret) = setting.raw_header(text);
        assert_eq!(header.c2.len(), 1);
        let issue = |(held, seed): (&&str, u64)| setting.raw_key(held, seed);
        let outside: Vec<RawKey> = outside.iter().zip(1..).map(issue).collect();
        assert_eq!(ways(&header, &secret, &outside), 0, "{text}");
        let inside = [setting.raw_key(inside, 9)];
        assert_eq!(ways(&header, &secret, &inside), 1, "{text}");
    }
}

/// Two lists under one label: the same value at the same place is another value.
#[test]
fn values_of_two_enumerations_are_different() {
    let mut other = Setting::new();
    other.lists = hospitals(2, &["st-mary", "charité", "north", "south", "west"]);
    let setting = Setting::new();
    assert_eq!(setting.parameters, other.parameters);
    for text in ["hospital == north", "hospital != south"] {
        let (header, secret) = setting.raw_header(text);
        let (mine, theirs) = ("hospital = north", "hospital = north, north");
        assert_eq!(ways(&header, &secret, &[setting.raw_key(mine, 3)]), 1);
        assert_eq!(ways(&header, &secret, &[other.raw_key(theirs, 4)]), 0);
    }
}

/// `n <= 3 and n >= 8`: one key with both values would open, and two with one each do not.
#[test]
fn two_values_with_one_r_would_meet_what_nobody_can() {
    let setting = Setting::new();
    let (header, secret) = setting.raw_header("n <= 3 and n >= 8");
    let open = |three: &RawKey, eight: &RawKey| {
        let start = pairing::pairing(&three.k1, &header.c1);
        let row = |key: &RawKey, depth: usize, row: usize| {
            let part = key.values["n"][depth];
            pairing::multi_pairing(&[(part, header.c2[0]), (-header.c3[row], key.k3)])
        };
        // The one row of `n <= 3` is its prefix of 30 bits; `n >= 8` begins with 8 to 15, of 29.
        let sum = start + row(three, 30, 0) + row(eight, 29, 1);
        header.key_from(&sum, b"aad") == secret
    };
    assert!(open(
        &setting.raw_key("n = 3", 5),
        &with_r_of(&setting, ("n = 8", 6), ("n = 3", 5))
    ));
    assert!(!open(
        &setting.raw_key("n = 3", 5),
        &setting.raw_key("n = 8", 6)
    ));
    assert!(setting.issue("n = 3, n = 8").is_err());
}
