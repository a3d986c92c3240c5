//! Several keys of which none satisfies.

use ark_ec::CurveGroup;
use medshare_abe::{KeyError, UserSecretKey, Validity};
use medshare_curve::encoding::{encode_g1, encode_g2};
use medshare_curve::{G1Affine, Gt, Scalar, pairing};

use crate::common::{
    Formula, Pool, RawKey, Setting, Term, attribute_point, attributes, base, choices, day_point,
    rng, with_r_of,
};

/// Every formula of up to four leaves, every reading of it, every way to have the rows of that
/// reading from two or three people none of whom satisfies: the rows with the K3 of whom the part
/// is, or all with the K3 of one of them, and any mix of their K1.
#[test]
fn keys_of_two_and_three_people_do_not_add_up() {
    let setting = Setting::new();
    let names = ["a", "b", "c", "d"];
    let keys = [1, 2, 3].map(|seed| setting.raw_key("a,b,c,d", seed));
    let mut tried = 0;
    for formula in (2..=names.len()).flat_map(|count| Formula::all(&names[..count])) {
        let leaves = formula.leaves();
        let (header, secret) = setting.raw_header(&formula.text());
        let mut pool = Pool::new(&header, &leaves, &keys.each_ref());
        let mask = pool.mask(&header, &formula.readings(), &secret);
        // What the rows would have to give.
        let start = |mix: &[Scalar; 3]| {
            let terms = pool.starts.iter().zip(mix);
            terms.map(|(start, weight)| *start * weight).sum::<Gt>()
        };
        let wanted: Vec<Gt> = mixes().iter().map(|mix| mask - start(mix)).collect();
        for reading in &formula.readings() {
            for split in 0..3usize.pow(reading.len() as u32) {
                let place = |row| reading.iter().position(|(read, _)| *read == row);
                let holder = |row| split / 3usize.pow(place(row).map_or(0, |i| i as u32)) % 3;
                let alone = |person| {
                    let rows = reading.iter().filter(|(row, _)| holder(*row) == person);
                    formula.is_true(&rows.map(|(row, _)| leaves[*row]).collect::<Vec<_>>())
                };
                if (0..3).any(alone) {
                    continue;
                }
                for whose in [None, Some(0), Some(1), Some(2)] {
                    let sum = pool.sum(reading, |row| Term {
                        row,
                        k3: whose.unwrap_or(holder(row)),
                        part: Some(holder(row)),
                    });
                    assert!(!wanted.contains(&sum), "{} split {split}", formula.text());
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 9000, "{tried}");
}

/// Coefficients of three K1: single, means, sums, and beyond the line between two.
fn mixes() -> Vec<[Scalar; 3]> {
    let half = Scalar::from(1u64) / Scalar::from(2u64);
    let third = Scalar::from(1u64) / Scalar::from(3u64);
    let [zero, one, two] = [0u64, 1, 2].map(Scalar::from);
    vec![
        [one, zero, zero],
        [zero, one, zero],
        [zero, zero, one],
        [half, half, zero],
        [half, zero, half],
        [zero, half, half],
        [third, third, third],
        [one, one, zero],
        [one, one, one],
        [two, -one, zero],
        [-one, two, zero],
        [one, one, -one],
    ]
}

#[test]
fn parts_of_two_users_do_not_add_up() {
    let setting = Setting::new();
    let (header, secret) = setting.raw_header("a and b");
    let [alice, bob, both] =
        [("a", 3), ("b", 4), ("a,b", 5)].map(|(l, seed)| setting.raw_key(l, seed));
    assert!(header.is_opened_by(&["a", "b"], &choices(2), &both, &secret));
    let parts = alice.parts.into_iter().chain(bob.parts);
    let mut pooled = RawKey {
        parts: parts.collect(),
        ..both
    };
    for k1 in [alice.k1, bob.k1, (alice.k1 + bob.k1).into_affine()] {
        for k3 in [alice.k3, bob.k3, (alice.k3 + bob.k3).into_affine()] {
            (pooled.k1, pooled.k3) = (k1, k3);
            assert!(!header.is_opened_by(&["a", "b"], &choices(2), &pooled, &secret));
        }
    }
}

/// What the scheme's r protects from, and that every key has its own.
#[test]
fn keys_with_one_r_can_be_pooled_and_no_two_keys_have_one() {
    let setting = Setting::new();
    let (header, secret) = setting.raw_header("a and b");
    let pool = |alice: RawKey, bob: RawKey| RawKey {
        parts: alice.parts.into_iter().chain(bob.parts).collect(),
        ..alice
    };
    // With one r the attack works.
    let broken = pool(
        setting.raw_key("a", 3),
        with_r_of(&setting, ("b", 4), ("a", 3)),
    );
    assert!(header.is_opened_by(&["a", "b"], &choices(2), &broken, &secret));
    let mut random = rng(3);
    let mut issue = |list: &str| {
        let set = attributes(list);
        let key = setting
            .master
            .issue(&setting.parameters, &set, Validity::ALWAYS, &mut random);
        RawKey::of(&key.expect("a key"))
    };
    let (alice, again, bob) = (issue("a"), issue("a"), issue("b"));
    assert_ne!(alice.k3, again.k3);
    assert!(alice.k3 != bob.k3 && again.k3 != bob.k3);
    let sound = pool(alice, bob);
    assert!(!header.is_opened_by(&["a", "b"], &choices(2), &sound, &secret));
}

/// The fields of a key for a and b that is for every day: K1, K3, K_a, K_b, and the day's part.
fn fields(key: &[u8]) -> [core::ops::Range<usize>; 5] {
    let fields = [38..86, 86..182, 191..239, 244..292, 304..352];
    assert_eq!(key.len(), fields[4].end);
    fields
}

/// A key glued together from two is not accepted, in any mix; nor one with a moved part.
#[test]
fn keys_that_do_not_belong_together_are_not_read() {
    let setting = Setting::new();
    let mut random = rng(2);
    let mut issue = || {
        let set = attributes("a,b");
        let key = setting
            .master
            .issue(&setting.parameters, &set, Validity::ALWAYS, &mut random);
        key.expect("a key").to_bytes()
    };
    let (alice, bob) = (issue(), issue());
    let read = |bytes: &[u8]| {
        UserSecretKey::from_bytes(bytes, &setting.parameters, &mut rng(4)).map(|_| ())
    };
    let fields = fields(&alice);
    for mix in 0..1usize << fields.len() {
        let mut mixed = alice.to_vec();
        for (i, field) in fields.iter().enumerate() {
            if mix >> i & 1 == 1 {
                mixed[field.clone()].copy_from_slice(&bob[field.clone()]);
            }
        }
        let whole = mix == 0 || mix + 1 == 1 << fields.len();
        let expected = if whole {
            Ok(())
        } else {
            Err(KeyError::Inconsistent)
        };
        assert_eq!(read(&mixed), expected, "{mix:b}");
    }
    let [.., a, b, day] = fields;
    for (one, other) in [(a.clone(), b.clone()), (a, day.clone()), (b, day)] {
        let mut swapped = alice.to_vec();
        swapped[one.clone()].copy_from_slice(&alice[other.clone()]);
        swapped[other].copy_from_slice(&alice[one]);
        assert_eq!(read(&swapped), Err(KeyError::Inconsistent));
    }
}

/// A key times a number, or with one part of it times a number, is none; a key with δ added to its
/// r, which every holder can do to its own, is one.
#[test]
fn scaled_keys_are_not_read() {
    let setting = Setting::new();
    let key = setting.issue("a,b").expect("a key").to_bytes();
    let raw = setting.raw_key("a,b", 7);
    let fields = fields(&key);
    let with = |k1: G1Affine, k3, parts: [G1Affine; 3]| {
        let points = [encode_g1(&k1).0.to_vec(), encode_g2(&k3).0.to_vec()].into_iter();
        let points = points.chain(parts.map(|part| encode_g1(&part).0.to_vec()));
        let mut bytes = key.to_vec();
        for (field, point) in fields.iter().zip(points) {
            bytes[field.clone()].copy_from_slice(&point);
        }
        UserSecretKey::from_bytes(&bytes, &setting.parameters, &mut rng(4)).map(|_| ())
    };
    let parts = [raw.parts["a"], raw.parts["b"], raw.days[0]];
    assert_eq!(with(raw.k1, raw.k3, parts), Ok(()));
    for factor in [2u64, 3, 720]
        .map(Scalar::from)
        .into_iter()
        .chain([-Scalar::from(1u64)])
    {
        let scaled = parts.map(|part| (part * factor).into_affine());
        let (k1, k3) = (
            (raw.k1 * factor).into_affine(),
            (raw.k3 * factor).into_affine(),
        );
        let refused = [
            with(k1, k3, scaled),
            with(raw.k1, k3, scaled),
            with(raw.k1, raw.k3, [scaled[0], parts[1], parts[2]]),
            with(raw.k1, raw.k3, [parts[0], parts[1], scaled[2]]),
            with(k1, raw.k3, parts),
            with(raw.k1, k3, parts),
        ];
        assert!(
            refused
                .iter()
                .all(|read| *read == Err(KeyError::Inconsistent))
        );
    }
    let delta = Scalar::from(12_345u64);
    let shifted = |point: G1Affine, by: G1Affine| (point + by * delta).into_affine();
    let hashes = [attribute_point("a"), attribute_point("b"), day_point(0, 0)];
    let moved: Vec<_> = parts
        .iter()
        .zip(hashes)
        .map(|(p, h)| shifted(*p, h))
        .collect();
    let moved: [G1Affine; 3] = moved.try_into().expect("three");
    let k3 = (raw.k3 + pairing::g2() * delta).into_affine();
    assert_eq!(with(shifted(raw.k1, base()), k3, moved), Ok(()));
    // Half of it moved.
    assert_eq!(
        with(shifted(raw.k1, base()), k3, parts),
        Err(KeyError::Inconsistent)
    );
    assert_eq!(with(raw.k1, k3, moved), Err(KeyError::Inconsistent));
}
