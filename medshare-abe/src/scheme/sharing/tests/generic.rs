//! Every attack that the generic group model knows, by elimination: see [`world`](super::world).

use std::collections::BTreeSet;

use medshare_policy::{AttributeSet, Date, Enumeration, EnumerationId, Enumerations, Name};
use proptest::prelude::*;
use proptest::sample::Index;

use super::world::{ALPHA, BASE, Polynomial, Unknown, World, product, single};
use super::*;
use crate::scheme::structure::Row;
use crate::scheme::validity::Validity;

/// One key: it gets the mask if and only if its attributes satisfy. All policies of up to five
/// leaves, all sets.
#[test]
fn a_key_gives_the_mask_exactly_if_it_satisfies() {
    let mut safe = 0;
    let mut open = 0;
    for policy in policies(5) {
        let structure = AccessStructure::new(&policy, None);
        let names = names(&structure);
        for bits in 0..1usize << names.len() {
            let held = chosen(&names, bits);
            let given = give_the_mask(&structure, &[&held]);
            assert_eq!(given, holds(policy.node(), &held), "{policy} {held:?}");
            *if given { &mut open } else { &mut safe } += 1;
        }
    }
    assert!(safe > 20_000 && open > 20_000, "{safe} {open}");
}

/// Two and three keys of which none satisfies. More attributes can do no less, so it is
/// enough to try sets to which nothing can be added: every way to split a satisfying set lies
/// within.
#[test]
fn keys_that_do_not_satisfy_do_not_add_up() {
    let mut tried = 0;
    for policy in policies(3)
        .into_iter()
        .chain((4..=5).flat_map(plain_policies))
    {
        let structure = AccessStructure::new(&policy, None);
        let names = names(&structure);
        let outside = |bits: &usize| !holds(policy.node(), &chosen(&names, *bits));
        let fails: Vec<usize> = (0..1usize << names.len()).filter(outside).collect();
        let largest = |bits: &&usize| {
            let mut larger = fails.iter().filter(|other| *other & **bits == **bits);
            larger.next() == Some(*bits) && larger.next().is_none()
        };
        let largest: Vec<_> = fails.iter().filter(largest).collect();
        let sets: Vec<_> = largest.iter().map(|bits| chosen(&names, **bits)).collect();
        for (i, first) in sets.iter().enumerate() {
            for (j, second) in sets.iter().enumerate().skip(i) {
                // Twice the same set is two keys of one person.
                let given = give_the_mask(&structure, &[first, second]);
                assert!(!given, "{policy} {first:?} {second:?}");
                for third in &sets[j..] {
                    let given = give_the_mask(&structure, &[first, second, third]);
                    assert!(!given, "{policy} {first:?} {second:?} {third:?}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 3000, "{tried}");
}

/// Holders of neighbouring values, of values on both sides, and of halves of what is asked for.
#[test]
fn values_do_not_add_up() {
    for (text, keys, expected) in [
        ("n >= 20", &["n = 20"][..], true),
        ("n >= 20", &["n = 19"], false),
        ("n in 5..9", &["n = 4", "n = 10"], false),
        ("n in 5..9", &["n = 4", "n = 10", "n = 8"], true),
        ("n in 1..4294967294", &["n = 0", "n = 4294967295"], false),
        ("n == 7", &["n = 6", "n = 5", "n = 3"], false),
        (
            "n >= 5 and m <= 3",
            &["n = 5, m = 4", "n = 4, m = 3"],
            false,
        ),
        ("n >= 5 and m <= 3", &["n = 5, m = 3", "n = 4"], true),
        ("n <= 3 and n >= 8", &["n = 3", "n = 8", "n = 5"], false),
        ("n >= 5 and (n >= 3 or x)", &["n = 4", "x"], false),
        ("n >= 4 and (n >= 4 or x) and x", &["n = 4", "x"], false),
        (
            "n >= 4 and (n >= 4 or x) and x",
            &["n = 4, x", "n = 3"],
            true,
        ),
        // The first prefix of both is the same element.
        ("n in 4..7 and (n >= 4 or x)", &["x"], false),
        ("n in 4..7 and (n >= 4 or x)", &["n = 5"], true),
        ("d < 2020-01-01", &["d = 2020-01-01", "n = 0"], false),
        (
            "d in 2020-01-01..2020-12-31",
            &["d = 2019-12-31", "d = 2021-01-01"],
            false,
        ),
        ("d == 1970-01-08", &["n = 7", "d = 1970-01-07"], false),
        ("hospital != b", &["hospital = b", "hospital = b"], false),
        ("hospital != b", &["hospital = a"], true),
        (
            "hospital != b and hospital == b",
            &["hospital = a", "hospital = b"],
            false,
        ),
        (
            "hospital == c",
            &["hospital = a", "hospital = b", "hospital"],
            false,
        ),
        (
            "2 of (n >= 5, d <= 1970-01-08, hospital != a)",
            &["n = 5, hospital = a", "d = 1970-01-08, n = 4"],
            false,
        ),
        (
            "2 of (n >= 5, d <= 1970-01-08, hospital != a)",
            &["n = 5, hospital = c", "d = 1970-01-09"],
            true,
        ),
        ("\"n = 3\"", &["n = 3"], false),
        ("n >= 0", &["n", "\"n = 3\", \"n >= 0\""], false),
    ] {
        let policy = AccessPolicy::parse(text, &lists()).expect(text);
        let structure = AccessStructure::new(&policy, None);
        let parse = |held: &&str| AttributeSet::parse(held, &lists()).expect(held);
        let sets: Vec<AttributeSet> = keys.iter().map(parse).collect();
        let keys: Vec<_> = sets.iter().map(elements).collect();
        let keys: Vec<&[_]> = keys.iter().map(Vec::as_slice).collect();
        assert_eq!(
            give_the_mask(&structure, &keys),
            expected,
            "{text} {sets:?}"
        );
    }
}

/// A lapsed key with the attributes, a valid one without them, and keys valid on either side.
#[test]
fn days_do_not_add_up() {
    let day = Date::from_days;
    let between = |from, until| Validity::between(day(from), day(until)).expect("days");
    let old = between(0, 20_000);
    let later = between(20_001, 20_100);
    for (text, keys, expected) in [
        ("a", &[("a", Validity::ALWAYS)][..], true),
        ("a", &[("a", between(20_000, 20_001))], true),
        ("a", &[("a", old), ("a", later)], false),
        ("a", &[("a", old), ("b", Validity::ALWAYS)], false),
        (
            "a and b",
            &[
                ("a", Validity::ALWAYS),
                ("b", Validity::ALWAYS),
                ("a,b", old),
            ],
            false,
        ),
        (
            "a and a or b",
            &[("a", later), ("b", between(0, 20_001))],
            true,
        ),
        // The day as an attribute, and as a name.
        (
            "a",
            &[
                ("a, validity = 2024-10-04, policy = 2024-10-04", old),
                ("\"2024-10-04\"", Validity::ALWAYS),
            ],
            false,
        ),
        (
            "a and validity >= 2024-01-01",
            &[("a, validity = 2024-10-04", old)],
            false,
        ),
        (
            "a and validity >= 2024-01-01",
            &[("a", Validity::ALWAYS), ("validity = 2024-10-04", old)],
            false,
        ),
    ] {
        let policy: AccessPolicy = text.parse().expect(text);
        let structure = AccessStructure::new(&policy, Some(day(20_000)));
        let parse = |(held, validity): &(&str, Validity)| {
            let held: AttributeSet = held.parse().expect("a list");
            (held, validity.cover())
        };
        let held: Vec<_> = keys.iter().map(parse).collect();
        let keys = held.iter().map(|(held, days)| {
            let days = days.iter().map(|prefix| Element::Day(*prefix));
            elements(held).into_iter().chain(days).collect::<Vec<_>>()
        });
        let keys: Vec<_> = keys.collect();
        let keys: Vec<&[_]> = keys.iter().map(Vec::as_slice).collect();
        assert_eq!(give_the_mask(&structure, &keys), expected, "{text}");
    }
}

/// The elimination sees an attack wherever there is one.
#[test]
fn broken_schemes_are_found() {
    let all = ["a", "b", "c", "d", "x", "y"].map(|name| Name::new(name).expect("a name"));
    let [a, b, c, _, x, y] = all.each_ref().map(Element::Name);
    let policy = |text: &str| text.parse::<AccessPolicy>().expect("a policy");
    let (both, repeated, three) = (
        policy("a and b"),
        policy("x and (x or y)"),
        policy("3 of (a, b, c, d)"),
    );
    let both = AccessStructure::new(&both, None);
    // A commitment to α in G1; one in G2 says nothing new, and neither does another hash.
    assert!(is_broken_by(&both, [a, y], |world, _| world
        .g1
        .push(single(ALPHA))));
    assert!(!is_broken_by(&both, [a, y], |world, _| world
        .g2
        .push(ALPHA)));
    assert!(!is_broken_by(&both, [a, y], |world, _| {
        world.hash(c);
    }));
    // r known, or r·B, as of an attribute that hashes like ⊥.
    assert!(is_broken_by(&both, [a, y], |world, r| world.reveal(r)));
    assert!(is_broken_by(&both, [a, y], |world, r| world
        .g1
        .push(single_product(r))));
    // Known logarithms of all hashes, of which the key's components are then multiples.
    assert!(is_broken_by(&both, [a, y], |world, _| {
        let hashes = [b, y].map(|element| world.hash(element));
        hashes.into_iter().for_each(|hash| world.reveal(hash));
    }));
    // A second key, with an r of its own and with the same.
    assert!(!is_broken_by(&both, [a, y], |world, _| {
        world.add_key([b]);
    }));
    assert!(is_broken_by(&both, [a, y], |world, r| world.add_key_with(r, [b])));

    let with_key = |rows: &[Row<'_>], matrix: &[Vec<Scalar>], held: &[usize]| {
        let mut world = World::with_rows(rows, matrix);
        world.add_key(held.iter().map(|row| rows[*row].element));
        world.gives_the_mask()
    };
    // An `and` that hands out the whole value.
    let rows = both.rows();
    assert!(!with_key(rows, &matrix(&both), &[0]));
    assert!(with_key(rows, &[vec![ONE, ZERO], vec![ONE, -ONE]], &[0]));
    // Repeats that are not counted: y alone opens.
    let repeated = AccessStructure::new(&repeated, None);
    assert_eq!(repeated.rows()[0].element, x);
    let uncounted = repeated.rows().iter().map(|row| Row {
        occurrence: 0,
        ..*row
    });
    let uncounted: Vec<_> = uncounted.collect();
    assert!(!with_key(repeated.rows(), &matrix(&repeated), &[2]));
    assert!(with_key(&uncounted, &matrix(&repeated), &[2]));
    // Three points of a line.
    let three = AccessStructure::new(&three, None);
    let line = (1..=4u64).map(|i| vec![ONE, Scalar::from(i)]);
    assert!(!with_key(three.rows(), &matrix(&three), &[1, 3]));
    assert!(with_key(three.rows(), &line.collect::<Vec<_>>(), &[1, 3]));
}

/// Whether a key with these names, which does not open, does when something is done to the scheme.
fn is_broken_by<'a>(
    structure: &AccessStructure<'a>,
    held: [Element<'a>; 2],
    breaking: impl FnOnce(&mut World<'a>, Unknown),
) -> bool {
    let mut world = World::new(structure);
    let r = world.add_key(held);
    assert!(!world.gives_the_mask());
    breaking(&mut world, r);
    world.gives_the_mask()
}

/// r·B.
fn single_product(r: Unknown) -> Polynomial {
    vec![(product(r, BASE), ONE)]
}

const LETTERS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// Formulas with up to twelve leaves, some of them alike.
fn formula() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(&LETTERS[..]).prop_map(str::to_owned);
    leaf.prop_recursive(4, 12, 5, |inner| {
        let some = prop::collection::vec(inner, 2..5);
        (some, any::<Index>()).prop_map(|(parts, needed)| {
            format!(
                "{} of ({})",
                1 + needed.index(parts.len()),
                parts.join(", ")
            )
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// Larger policies, and up to three keys: one of them must satisfy.
    #[test]
    fn keys_give_the_mask_exactly_if_one_satisfies(
        text in formula(),
        sets in prop::collection::vec(any::<u8>(), 1..4),
    ) {
        let policy: AccessPolicy = text.parse().expect("a policy");
        prop_assume!(policy.conditions().count() <= 12);
        let structure = AccessStructure::new(&policy, None);
        let names = names(&structure);
        let keys: Vec<_> = sets.iter().map(|bits| chosen(&names, usize::from(*bits))).collect();
        let expected = keys.iter().any(|held| holds(policy.node(), held));
        let keys: Vec<&[_]> = keys.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(give_the_mask(&structure, &keys), expected);
    }
}

fn give_the_mask(structure: &AccessStructure<'_>, keys: &[&[Element<'_>]]) -> bool {
    let mut world = World::new(structure);
    for key in keys {
        world.add_key(key.iter().copied());
    }
    world.gives_the_mask()
}

/// `hospital` with a, b and c.
fn lists() -> Enumerations {
    let name = |text| Name::new(text).expect("a name");
    let mut list = Enumeration::new(EnumerationId([1; 32]), name("hospital"));
    for value in ["a", "b", "c"] {
        list.append(name(value)).expect("a new value");
    }
    let mut lists = Enumerations::new();
    lists.register(list).expect("the first");
    lists
}

/// The different elements of a structure.
fn names<'a>(structure: &AccessStructure<'a>) -> Vec<Element<'a>> {
    let names: BTreeSet<_> = structure.rows().iter().map(|row| row.element).collect();
    names.into_iter().collect()
}

fn chosen<'a>(names: &[Element<'a>], bits: usize) -> Vec<Element<'a>> {
    let chosen = names.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
    chosen.map(|(_, element)| *element).collect()
}

/// The elements of a key for these attributes.
fn elements(held: &AttributeSet) -> Vec<Element<'_>> {
    held.iter().flat_map(Element::of_attribute).collect()
}

/// Whether a policy of names is met, without the crate's selection.
fn holds(node: PolicyNode<'_>, held: &[Element<'_>]) -> bool {
    match node {
        PolicyNode::Condition(condition) => {
            let elements = Element::of_condition(condition);
            elements.iter().any(|element| held.contains(element))
        }
        PolicyNode::All(mut operands) => operands.all(|operand| holds(operand, held)),
        PolicyNode::Any(mut operands) => operands.any(|operand| holds(operand, held)),
        PolicyNode::AtLeast { needed, operands } => {
            operands
                .filter(|operand| holds(operand.clone(), held))
                .count()
                >= needed
        }
    }
}

/// Ways to name so many leaves, up to renaming; of five, with three names or more.
fn namings(count: usize) -> Vec<Vec<&'static str>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..count {
        let longer = all.iter().flat_map(|naming| {
            let fresh = naming.iter().max().map_or(0, |last| last + 1);
            (0..=fresh).map(move |name| [naming.as_slice(), &[name]].concat())
        });
        all = longer.collect();
    }
    let fewest = if count == 5 { 3 } else { 1 };
    let names = |naming: Vec<usize>| {
        let names = naming.iter().max().map_or(0, |last| last + 1);
        (names >= fewest).then(|| naming.into_iter().map(|i| NAMES[i]).collect())
    };
    all.into_iter().filter_map(names).collect()
}

/// Every policy of up to so many leaves, with names that repeat.
fn policies(most: usize) -> Vec<AccessPolicy> {
    let namings = (1..=most).flat_map(namings);
    namings.flat_map(|leaves| canonical(&leaves)).collect()
}

/// Every policy of so many leaves with different names.
fn plain_policies(count: usize) -> Vec<AccessPolicy> {
    canonical(&NAMES[..count])
}

/// Each policy once: `1 of` and `n of` stand for gates that are there already.
fn canonical(leaves: &[&str]) -> Vec<AccessPolicy> {
    let mut seen = BTreeSet::new();
    let parsed = formulas(leaves)
        .into_iter()
        .map(|text| text.parse::<AccessPolicy>());
    let parsed = parsed.map(|policy| policy.expect("a policy"));
    parsed
        .filter(|policy| seen.insert(policy.to_bytes()))
        .collect()
}
