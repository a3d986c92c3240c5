//! The access structure of a policy: rows, shares, and which rows to read.
//!
//! A policy stands for a span program (M, π): one row for each leaf, depth first and from left to
//! right. M has entries 0, 1 and −1: an `or` hands its value to every operand; an `and` of k
//! operands hands fresh v_1, …, v_{k−1} to the first k − 1 and what is missing to its own value to
//! the last. So the shares of any rows that satisfy the policy minimally add up to the secret: every
//! coefficient γ is 1.

use std::collections::BTreeMap;

use medshare_curve::Scalar;
use zeroize::Zeroizing;

use crate::attribute::Attribute;
use crate::policy::{AccessPolicy, Gate, Node};

/// One leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row<'p> {
    /// π(i).
    pub(crate) attribute: &'p Attribute,
    /// ρ(i): how many rows before this one have the same attribute.
    pub(crate) occurrence: usize,
}

pub(crate) struct AccessStructure<'p> {
    root: &'p Node,
    rows: Vec<Row<'p>>,
}

impl<'p> AccessStructure<'p> {
    pub(crate) fn new(policy: &'p AccessPolicy) -> Self {
        let mut leaves = Vec::new();
        policy.root().collect_leaves(&mut leaves);
        // Attributes are equal exactly when the bytes that are hashed for them are.
        let mut seen = BTreeMap::new();
        let rows = leaves.into_iter().map(|attribute| {
            let count = seen.entry(attribute).or_insert(0);
            let occurrence = *count;
            *count += 1;
            Row {
                attribute,
                occurrence,
            }
        });
        Self {
            rows: rows.collect(),
            root: policy.root(),
        }
    }

    pub(crate) fn rows(&self) -> &[Row<'p>] {
        &self.rows
    }

    /// τ: how often the most frequent attribute occurs.
    pub(crate) fn multiplicity(&self) -> usize {
        let occurrences = self.rows.iter().map(|row| row.occurrence + 1);
        occurrences.max().unwrap_or(0)
    }

    /// λ = M·(secret, v), with the v taken from `draw` gate by gate, each gate before its operands.
    pub(crate) fn share(
        &self,
        secret: &Scalar,
        mut draw: impl FnMut() -> Scalar,
    ) -> Zeroizing<Vec<Scalar>> {
        let mut shares = Zeroizing::new(Vec::with_capacity(self.rows.len()));
        share(self.root, *secret, &mut draw, &mut shares);
        shares
    }

    /// The rows to read with the attributes held: at every `or` the operand with the fewest rows,
    /// the first among equals. None if the attributes do not satisfy the policy.
    pub(crate) fn select(&self, held: impl Fn(&Attribute) -> bool) -> Option<Vec<usize>> {
        select(self.root, &held, &mut 0)
    }
}

fn share(node: &Node, secret: Scalar, draw: &mut impl FnMut() -> Scalar, shares: &mut Vec<Scalar>) {
    match node {
        Node::Leaf(_) => shares.push(secret),
        Node::Gate(Gate::Or, children) => {
            for child in children {
                share(child, secret, draw, shares);
            }
        }
        Node::Gate(Gate::And, children) => {
            let mut parts: Zeroizing<Vec<Scalar>> =
                Zeroizing::new((1..children.len()).map(|_| draw()).collect());
            let rest = secret - parts.iter().sum::<Scalar>();
            parts.push(rest);
            for (child, part) in children.iter().zip(parts.iter()) {
                share(child, *part, draw, shares);
            }
        }
    }
}

fn select(
    node: &Node,
    held: &impl Fn(&Attribute) -> bool,
    next_row: &mut usize,
) -> Option<Vec<usize>> {
    match node {
        Node::Leaf(attribute) => {
            let row = *next_row;
            *next_row += 1;
            held(attribute).then(|| vec![row])
        }
        Node::Gate(gate, children) => {
            // Every operand is visited, or the rows after it would be counted wrongly.
            let chosen: Vec<Option<Vec<usize>>> = children
                .iter()
                .map(|child| select(child, held, next_row))
                .collect();
            match gate {
                Gate::And => chosen
                    .into_iter()
                    .collect::<Option<Vec<_>>>()
                    .map(|c| c.concat()),
                Gate::Or => chosen.into_iter().flatten().min_by_key(Vec::len),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_structure<T>(text: &str, check: impl FnOnce(AccessStructure<'_>) -> T) -> T {
        let policy = text.parse().expect(text);
        check(AccessStructure::new(&policy))
    }

    #[test]
    fn occurrences_count_hashed_bytes() {
        with_structure("x and (\"x\" or y) and (é or \"e\u{301}\")", |structure| {
            let counts: Vec<_> = structure.rows().iter().map(|row| row.occurrence).collect();
            assert_eq!(counts, [0, 1, 0, 0, 1]);
            assert_eq!(structure.multiplicity(), 2);
        });
        with_structure("x and y", |structure| {
            assert_eq!(structure.multiplicity(), 1)
        });
    }

    #[test]
    fn rows_are_the_cheapest_and_the_first() {
        let rows = |text: &str, held: &str| {
            let held: crate::AttributeSet = held.parse().unwrap();
            with_structure(text, |s| s.select(|attribute| held.contains(attribute)))
        };
        assert_eq!(rows("a and b", "a"), None);
        assert_eq!(rows("a and b", "a,b"), Some(vec![0, 1]));
        assert_eq!(rows("(a and b) or c", "a,b,c"), Some(vec![2]));
        assert_eq!(rows("(a and b) or c", "a,b"), Some(vec![0, 1]));
        assert_eq!(rows("(a or b or c) and d", "b,c,d"), Some(vec![1, 3]));
        assert_eq!(rows("x and (x or y)", "x"), Some(vec![0, 1]));
        assert_eq!(rows("x and (x or y)", "y"), None);
    }

    #[test]
    fn selected_shares_add_up_to_the_secret() {
        let secret = Scalar::from(1_000_003u64);
        for (text, held, expected) in [
            ("a", "a", 1),
            ("a and b and c", "a,b,c", 3),
            ("a and (b or (c and d and e))", "a,c,d,e", 4),
            ("(a and b) or (c and d)", "c,d", 2),
            ("x and (x or y) and (y or z)", "x,z", 3),
        ] {
            let held: crate::AttributeSet = held.parse().unwrap();
            with_structure(text, |structure| {
                let mut counter = 0u64;
                let shares = structure.share(&secret, || {
                    counter += 1;
                    Scalar::from(1u64 << counter)
                });
                let rows = structure.select(|a| held.contains(a)).expect(text);
                assert_eq!(rows.len(), expected);
                assert_eq!(
                    rows.iter().map(|&i| shares[i]).sum::<Scalar>(),
                    secret,
                    "{text}"
                );
            });
        }
    }

    #[test]
    fn draws_are_taken_gate_by_gate() {
        with_structure("a and (b and c or d) and e", |structure| {
            let mut next = [10u64, 20, 3].map(Scalar::from).into_iter();
            let shares = structure.share(&Scalar::from(100u64), || next.next().unwrap());
            // v1 = 10 and v2 = 20 at the outer gate, v3 = 3 at the inner one.
            let expected = [10u64, 3, 17, 20, 70].map(Scalar::from);
            assert_eq!(shares.as_slice(), expected);
        });
    }
}
