//! One key that does not satisfy: shares, not a satisfaction check, keep it out.

use std::collections::BTreeSet;

use ark_ec::CurveGroup;
use ark_ff::PrimeField;
use medshare_abe::{Date, Header, encapsulate_dated};
use medshare_curve::encoding::decode_gt;
use medshare_curve::scalar::random_scalar;
use medshare_curve::{Gt, Scalar, pairing};

use crate::common::{
    Formula, Pool, RawHeader, Reading, Setting, Term, attribute_point, base, choices, rng, subset,
};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// For every formula of `and`, `or` and `k of` with up to five leaves, and every set of attributes,
/// some reading gives the key if and only if the set satisfies. Readings that need fewer operands
/// than the formula are tried too: an `and` that handed its whole secret to one operand, or a
/// polynomial of too small a degree, would fail here.
#[test]
fn some_rows_give_the_key_exactly_to_those_who_satisfy() {
    let setting = Setting::new();
    let key = setting.raw_key("a,b,c,d,e", 7);
    let leaves: [&[&'static str]; 8] = [
        &["a", "b"],
        &["a", "b", "c"],
        &["a", "b", "c", "d"],
        &["a", "b", "c", "d", "e"],
        &["a", "a"],
        &["a", "a", "b"],
        &["a", "b", "a", "c"],
        &["a", "b", "b", "a"],
    ];
    let (mut refused, mut opened) = (0, 0);
    for formula in leaves.into_iter().flat_map(Formula::all) {
        let leaves = formula.leaves();
        let (header, secret) = setting.raw_header(&formula.text());
        let readings = distinct(&[formula.readings(), choices(leaves.len())].concat());
        let mut pool = Pool::new(&header, &leaves, &[&key]);
        let mask = pool.mask(&header, &readings, &secret);
        let wanted = mask - pool.starts[0];
        let mut given = BTreeSet::new();
        for reading in &readings {
            // Which other parts are held makes no difference to what is read.
            let read = bits_of(reading.iter().map(|(row, _)| leaves[*row]));
            for held in (0..=read).filter(|held| held & !read == 0) {
                if pool.sum(reading, own(&leaves, &subset(&NAMES, held))) == wanted {
                    given.extend((0..1 << NAMES.len()).filter(|bits| bits & read == held));
                }
            }
        }
        let named = bits_of(leaves.iter().copied());
        for bits in (0..=named).filter(|bits| bits & !named == 0) {
            let (held, open) = (subset(&NAMES, bits), given.contains(&bits));
            assert_eq!(
                open,
                formula.is_true(&held),
                "{} with {held:?}",
                formula.text()
            );
            *if open { &mut opened } else { &mut refused } += 1;
        }
    }
    assert!(refused > 3000 && opened > 3000, "{refused} {opened}");
}

fn bits_of<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    let place = |name| NAMES.iter().position(|n| *n == name).expect("a name");
    names.fold(0, |bits, name| bits | 1 << place(name))
}

/// Each reading once: many operands differ only in what they do not read.
fn distinct(readings: &[Reading]) -> Vec<Reading> {
    let key = |reading: &Reading| {
        let terms = reading
            .iter()
            .map(|(row, weight)| (*row, weight.into_bigint().0));
        terms.collect::<BTreeSet<_>>()
    };
    let mut seen = BTreeSet::new();
    let fresh = readings.iter().filter(|reading| seen.insert(key(reading)));
    fresh.cloned().collect()
}

/// The terms of one key of which only some parts are used. A row whose part is missing is read
/// without it.
fn own(leaves: &[&str], held: &[&str]) -> impl Fn(usize) -> Term {
    move |row| Term {
        row,
        k3: 0,
        part: held.contains(&leaves[row]).then_some(0),
    }
}

/// All small coefficients, on formulas of two and three leaves.
#[test]
fn small_coefficients_give_nothing() {
    let setting = Setting::new();
    let key = setting.raw_key("a,b,c", 7);
    let small: Vec<Scalar> = (-2i64..=3).map(Scalar::from).collect();
    let leaves: [&[&'static str]; 3] = [&["a", "b"], &["a", "b", "c"], &["a", "a", "b"]];
    for leaves in leaves {
        let mut readings: Vec<Reading> = vec![Vec::new()];
        for row in 0..leaves.len() {
            let longer = readings.iter().flat_map(|reading| {
                let longer = |weight: &Scalar| [&reading[..], &[(row, *weight)]].concat();
                small.iter().map(longer)
            });
            readings = longer.collect();
        }
        for formula in Formula::all(leaves) {
            let (header, secret) = setting.raw_header(&formula.text());
            let mut pool = Pool::new(&header, leaves, &[&key]);
            let wanted = pool.mask(&header, &formula.readings(), &secret) - pool.starts[0];
            for bits in 0..8 {
                let held = subset(&["a", "b", "c"], bits);
                let spare = held.iter().any(|name| !leaves.contains(name));
                if spare || formula.is_true(&held) {
                    continue;
                }
                let given = readings
                    .iter()
                    .any(|r| pool.sum(r, own(leaves, &held)) == wanted);
                assert!(!given, "{} with {held:?}", formula.text());
            }
        }
    }
}

/// `x and (x or y)`: if both x had the same C2, y's holder could cancel the first row.
#[test]
fn repeated_attributes_do_not_open_each_other() {
    let setting = Setting::new();
    let (header, secret) = setting.raw_header("x and (x or y)");
    assert_eq!(header.c2.len(), 2);
    let (x, y) = (setting.raw_key("x", 3), setting.raw_key("y", 4));
    let leaves = ["x", "x", "y"];
    assert!(header.is_opened_by(&leaves, &choices(3), &x, &secret));
    assert!(!header.is_opened_by(&leaves, &choices(3), &y, &secret));
    let attack: Reading = [1i64, -1, 2]
        .map(Scalar::from)
        .into_iter()
        .enumerate()
        .collect();
    assert!(!header.is_opened_by(&leaves, &[attack], &y, &secret));
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
    let setting = Setting::new();
    let y = setting.raw_key("y", 2);
    let e: [u8; 576] = setting.parameters.to_bytes()[6..].try_into().expect("E");
    let e = decode_gt(&e).expect("in GT");
    let [s, v, repeat] = [0, 1, 2].map(|seed| random_scalar(&mut rng(seed)));
    let row = |share: Scalar, name| (base() * share + attribute_point(name) * repeat).into_affine();
    let rows = [row(v, "x"), row(s - v, "x"), row(s - v, "y")];
    let c2 = (pairing::g2() * repeat).into_affine();
    let mut terms = rows.map(|row| pairing::pairing(&-row, &y.k3));
    terms[2] += pairing::pairing(&y.parts["y"], &c2);
    let start = pairing::pairing(&y.k1, &(pairing::g2() * s).into_affine());
    assert_eq!(start + combine(&terms, [1, -1, 2]), e * s);
}

/// A sealing date is an `and`, too: the policy's rows alone, and the date's, do not open.
#[test]
fn neither_policy_nor_date_is_handed_the_whole_secret() {
    let setting = Setting::new();
    let key = setting.raw_key("a", 3);
    let date = Date::from_days(20_000);
    let policy = setting.policy("a");
    let made: (Header, _) =
        encapsulate_dated(&setting.parameters, &policy, date, b"aad", &mut rng(2));
    let header = RawHeader::of(&made.0);
    let start = pairing::pairing(&key.k1, &header.c1);
    let row = |part, row: usize| {
        pairing::multi_pairing(&[(part, header.c2[0]), (-header.c3[row], key.k3)])
    };
    let opens = |gt: Gt| header.key_from(&(start + gt), b"aad") == *made.1.as_bytes();
    // The key is for every day: its one part is that of the empty prefix, the first of the rows.
    let (attribute, day) = (row(key.parts["a"], 0), row(key.days[0], 1));
    assert!(opens(attribute + day));
    for gt in [
        attribute,
        day,
        attribute + attribute,
        day + day,
        attribute - day,
    ] {
        assert!(!opens(gt));
    }
}
