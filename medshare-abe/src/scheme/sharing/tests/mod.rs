//! The linear algebra of sharing, past the scheme: the span program is built from the shares
//! themselves, and a linear combination of rows is looked for by elimination.

use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use medshare_policy::AccessPolicy;

mod generic;
mod world;

use super::*;
use crate::scheme::structure::AccessStructure;

const ONE: Scalar = Scalar::ONE;
const ZERO: Scalar = Scalar::ZERO;
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Every formula of `and`, `or` and `k of` with leaves a, b, … in this order.
fn formulas(leaves: &[&str]) -> Vec<String> {
    if let [leaf] = leaves {
        return vec![(*leaf).to_owned()];
    }
    let mut all = Vec::new();
    for operands in cuts(leaves) {
        for needed in 1..=operands.len() {
            all.push(format!("{needed} of ({})", operands.join(", ")));
        }
    }
    all
}

/// Every way to cut the leaves into two or more operands.
fn cuts(leaves: &[&str]) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for first in 1..leaves.len() {
        let (head, rest) = leaves.split_at(first);
        let whole = formulas(rest).into_iter().map(|operand| vec![operand]);
        let tails: Vec<_> = whole.chain(cuts(rest)).collect();
        for operand in formulas(head) {
            let one = std::slice::from_ref(&operand);
            all.extend(tails.iter().map(|tail| [one, tail].concat()));
        }
    }
    all
}

fn name_of<'a>(element: &Element<'a>) -> &'a str {
    match element {
        Element::Name(name) => name.as_str(),
        Element::Prefix { .. } | Element::Day(_) => panic!("only names are used here"),
    }
}

/// M, one row a leaf: the shares of the unit vectors of (s, v).
fn matrix(structure: &AccessStructure<'_>) -> Vec<Vec<Scalar>> {
    let mut draws = 0;
    structure.share(&ZERO, || {
        draws += 1;
        ZERO
    });
    let column = |unit: usize| {
        let mut drawn = 0;
        structure.share(&Scalar::from(u64::from(unit == 0)), || {
            drawn += 1;
            Scalar::from(u64::from(drawn == unit))
        })
    };
    let columns: Vec<_> = (0..=draws).map(column).collect();
    let row = |i: usize| columns.iter().map(|column| column[i]).collect();
    (0..structure.rows().len()).map(row).collect()
}

/// Whether (1, 0, …, 0) is a combination of the rows.
fn spans_secret(mut rows: Vec<Vec<Scalar>>) -> bool {
    let width = rows.first().map_or(0, Vec::len);
    let mut done = 0;
    // The columns of v first: rows that are zero there show what is left for s.
    for column in 1..width {
        let Some(pivot) = (done..rows.len()).find(|&i| rows[i][column] != ZERO) else {
            continue;
        };
        rows.swap(done, pivot);
        let lead = rows[done].clone();
        let inverse = ONE / lead[column];
        for row in rows[done + 1..]
            .iter_mut()
            .filter(|row| row[column] != ZERO)
        {
            let factor = row[column] * inverse;
            row.iter_mut()
                .zip(&lead)
                .for_each(|(x, y)| *x -= factor * y);
        }
        done += 1;
    }
    rows[done..].iter().any(|row| row[0] != ZERO)
}

/// Every and/or/k-of-n formula of up to five leaves, every set of attributes: those who satisfy
/// have coefficients that give exactly the secret, and for all others no linear combination does.
#[test]
fn rows_span_the_secret_exactly_when_the_attributes_satisfy() {
    let mut refused = 0;
    let mut opened = 0;
    for count in 1..=NAMES.len() {
        for text in formulas(&NAMES[..count]) {
            let policy: AccessPolicy = text.parse().expect("a policy");
            let structure = AccessStructure::new(&policy, None);
            let matrix = matrix(&structure);
            for held in 0..1usize << count {
                let has = |row: usize| held >> row & 1 == 1;
                let rows = (0..count).filter(|&row| has(row));
                let spanned = spans_secret(rows.map(|row| matrix[row].clone()).collect());
                let mut next = 0..count;
                let by_truth = is_true(policy.node(), &mut || next.next().is_some_and(has));
                assert_eq!(spanned, by_truth, "{text} with {held:b}");
                let terms = structure.select(|element| {
                    NAMES
                        .iter()
                        .position(|n| *n == name_of(element))
                        .is_some_and(has)
                });
                assert_eq!(terms.is_some(), by_truth, "{text} with {held:b}");
                let Some(terms) = terms else {
                    refused += 1;
                    continue;
                };
                opened += 1;
                assert!(terms.iter().all(|term| has(term.row)));
                assert!(terms.windows(2).all(|pair| pair[0].row < pair[1].row));
                let mut combined = vec![ZERO; matrix[0].len()];
                for term in &terms {
                    let row = combined.iter_mut().zip(&matrix[term.row]);
                    row.for_each(|(sum, entry)| *sum += term.coefficient * entry);
                }
                let only_secret = combined
                    .iter()
                    .enumerate()
                    .all(|(column, sum)| *sum == if column == 0 { ONE } else { ZERO });
                assert!(only_secret, "{text} with {held:b}");
            }
        }
    }
    assert!(refused > 2000 && opened > 2000, "{refused} {opened}");
}

/// Evaluated without the code under test, leaf by leaf from left to right.
fn is_true(node: PolicyNode<'_>, next: &mut impl FnMut() -> bool) -> bool {
    // Every operand is visited, so that `next` keeps to the order of the leaves.
    let mut all = |operands: Operands<'_>| -> Vec<bool> {
        operands.map(|operand| is_true(operand, next)).collect()
    };
    match node {
        PolicyNode::Condition(_) => next(),
        PolicyNode::All(operands) => all(operands).iter().all(|met| *met),
        PolicyNode::Any(operands) => all(operands).iter().any(|met| *met),
        PolicyNode::AtLeast { needed, operands } => {
            all(operands).iter().filter(|met| **met).count() >= needed
        }
    }
}

/// The elimination itself finds the secret where a gate hands out too much: an `and` whose first
/// operand gets the whole value, and a polynomial of too small a degree.
#[test]
fn broken_sharing_is_found() {
    let scalar = |n: u64| Scalar::from(n);
    assert!(spans_secret(vec![vec![ONE, ZERO]]));
    // f(1) and f(2) of a line, where three points should be needed.
    let line = vec![vec![ONE, scalar(1)], vec![ONE, scalar(2)]];
    assert!(spans_secret(line.clone()));
    assert!(!spans_secret(line[..1].to_vec()));
    let parabola = |i| vec![ONE, scalar(i), scalar(i * i)];
    assert!(!spans_secret(vec![parabola(1), parabola(2)]));
    assert!(spans_secret(vec![parabola(1), parabola(2), parabola(3)]));
}

/// The largest factor of all is that of the eleventh operand of sixteen when the last eleven are
/// read.
#[test]
fn coefficients_are_short_up_to_sixteen_operands() {
    for (count, read, longest) in [
        (3usize, vec![1usize, 2], 4),
        (3, vec![2, 3], 5),
        (16, (1..=15).collect(), 57),
        (16, (6..=16).collect(), 65),
        (16, vec![1, 16], 45),
        (17, vec![1, 3], 254),
    ] {
        let term = |row| Term {
            row,
            coefficient: ONE,
        };
        let able = |row| read.contains(&(row + 1)).then(|| vec![term(row)]);
        let terms = interpolate((0..count).map(able).collect(), read.len()).expect("enough");
        let bits = |scalar: Scalar| scalar.into_bigint().num_bits();
        let lengths = terms
            .iter()
            .map(|t| bits(t.coefficient).min(bits(-t.coefficient)));
        assert_eq!(lengths.max(), Some(longest), "{read:?} of {count}");
    }
}

#[test]
fn large_thresholds_interpolate_exactly() {
    let names: Vec<String> = (0..40).map(|i| format!("n{i}")).collect();
    for (count, needed) in [(16, 9), (17, 9), (40, 39)] {
        let text = format!("{needed} of ({})", names[..count].join(", "));
        let policy: AccessPolicy = text.parse().expect("a policy");
        let structure = AccessStructure::new(&policy, None);
        let mut next = 0u64;
        let secret = Scalar::from(77u64);
        let shares = structure.share(&secret, || {
            next += 1;
            Scalar::from(next).pow([1000])
        });
        let held = |skip: usize| {
            structure.select(|element| {
                name_of(element)[1..]
                    .parse::<usize>()
                    .is_ok_and(|i| i >= skip)
            })
        };
        let terms = held(count - needed).expect("just enough");
        let sum = terms.iter().map(|term| term.coefficient * shares[term.row]);
        assert_eq!(sum.sum::<Scalar>(), secret, "{text}");
        assert_eq!(held(count - needed + 1), None);
    }
}
