//! The access structure of a policy: rows, shares, and which rows to read.
//!
//! A policy stands for a span program (M, π): one row for each element of each leaf, depth first
//! and from left to right. A name is one element; a comparison has one for each prefix that it
//! accepts, and is shared out as an `or` of them. A sealing date makes the whole an `and` of the
//! policy and an `or` of the date's prefixes, whose rows come last. How a gate shares its value is
//! in [`sharing`](crate::sharing).

use std::collections::BTreeMap;

use medshare_curve::Scalar;
use medshare_policy::element::Element;
use medshare_policy::{AccessPolicy, Date};
use medshare_types::{Digest, hash};
use zeroize::Zeroizing;

use crate::scheme::sharing::{Term, select, share};

/// One element of one leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row<'p> {
    /// π(i), the element of row i.
    pub(crate) element: Element<'p>,
    /// ρ(i), the number of earlier rows with the same element.
    pub(crate) occurrence: usize,
}

pub(crate) struct AccessStructure<'p> {
    policy: &'p AccessPolicy,
    sealed_on: Option<Date>,
    rows: Vec<Row<'p>>,
}

impl<'p> AccessStructure<'p> {
    /// The rows of the policy, and of the sealing date if there is one.
    pub(crate) fn new(policy: &'p AccessPolicy, sealed_on: Option<Date>) -> Self {
        // Elements are equal exactly when the bytes that are hashed for them are.
        let mut seen = BTreeMap::new();
        let elements = policy.conditions().flat_map(Element::of_condition);
        let days = sealed_on.into_iter().flat_map(Element::of_day);
        let rows = elements.chain(days).map(|element| {
            let count = seen.entry(element).or_insert(0);
            let occurrence = *count;
            *count += 1;
            Row {
                element,
                occurrence,
            }
        });
        Self {
            rows: rows.collect(),
            policy,
            sealed_on,
        }
    }

    pub(crate) fn rows(&self) -> &[Row<'p>] {
        &self.rows
    }

    /// τ, the number of occurrences of the most frequent element.
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
        let Some(day) = self.sealed_on else {
            share(self.policy.node(), *secret, &mut draw, &mut shares);
            return shares;
        };
        let policy_share = Zeroizing::new(draw());
        share(self.policy.node(), *policy_share, &mut draw, &mut shares);
        shares.extend(Element::of_day(day).map(|_| *secret - *policy_share));
        shares
    }

    /// The rows to read with the elements held, in ascending order, and their coefficients: at
    /// every gate the operands with the fewest rows, the first among equals. None if the elements
    /// do not satisfy the policy.
    pub(crate) fn select(&self, held: impl Fn(&Element<'_>) -> bool) -> Option<Vec<Term>> {
        let mut next_row = 0;
        let mut terms = select(self.policy.node(), &held, &mut next_row)?;
        if let Some(day) = self.sealed_on {
            let row = next_row + Element::of_day(day).position(|element| held(&element))?;
            let coefficient = Scalar::from(1u64);
            terms.push(Term { row, coefficient });
        }
        Some(terms)
    }

    /// H(policy), or H(policy, date).
    pub(crate) fn digest(&self) -> Digest {
        let Some(day) = self.sealed_on else {
            return self.policy.digest();
        };
        let fields: [&[u8]; 2] = [&self.policy.to_bytes(), &day.days().to_le_bytes()];
        hash::digest("medshare/abe/dated-policy/v1", &fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use medshare_policy::AttributeSet;

    fn with_structure<T>(text: &str, check: impl FnOnce(AccessStructure<'_>) -> T) -> T {
        let policy = text.parse().expect(text);
        check(AccessStructure::new(&policy, None))
    }

    fn holds(held: &AttributeSet, element: &Element<'_>) -> bool {
        held.iter()
            .flat_map(Element::of_attribute)
            .any(|own| own == *element)
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
            let held: AttributeSet = held.parse().unwrap();
            with_structure(text, |s| {
                let terms = s.select(|element| holds(&held, element))?;
                Some(terms.iter().map(|term| term.row).collect::<Vec<_>>())
            })
        };
        assert_eq!(rows("a and b", "a"), None);
        assert_eq!(rows("a and b", "a,b"), Some(vec![0, 1]));
        assert_eq!(rows("(a and b) or c", "a,b,c"), Some(vec![2]));
        assert_eq!(rows("(a and b) or c", "a,b"), Some(vec![0, 1]));
        assert_eq!(rows("(a or b or c) and d", "b,c,d"), Some(vec![1, 3]));
        assert_eq!(rows("x and (x or y)", "x"), Some(vec![0, 1]));
        assert_eq!(rows("x and (x or y)", "y"), None);
        assert_eq!(rows("2 of (a, b, c)", "a"), None);
        assert_eq!(rows("2 of (a, b, c)", "a,b,c"), Some(vec![0, 1]));
        assert_eq!(rows("2 of (a and b, c, d)", "a,b,c,d"), Some(vec![2, 3]));
        assert_eq!(rows("2 of (a, b and c, d)", "b,c,d"), Some(vec![1, 2, 3]));
        assert_eq!(
            rows("2 of (a, 2 of (b, c, d), e) or f", "c,d,e"),
            Some(vec![2, 3, 4])
        );
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
            ("2 of (a, b, c)", "a,c", 2),
            (
                "3 of (a and b, c, d, 2 of (e, f, g)) and h",
                "a,b,d,f,g,h",
                6,
            ),
        ] {
            let held: AttributeSet = held.parse().unwrap();
            with_structure(text, |structure| {
                let mut counter = 0u64;
                let shares = structure.share(&secret, || {
                    counter += 1;
                    Scalar::from(1u64 << counter)
                });
                let terms = structure.select(|e| holds(&held, e)).expect(text);
                assert_eq!(terms.len(), expected);
                let sum = terms.iter().map(|term| term.coefficient * shares[term.row]);
                assert_eq!(sum.sum::<Scalar>(), secret, "{text}");
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
        with_structure("2 of (a, b and c, d)", |structure| {
            let mut next = [10u64, 5].map(Scalar::from).into_iter();
            let shares = structure.share(&Scalar::from(600u64), || next.next().unwrap());
            // 600 / 3! + 10·i, and v = 5 inside the second operand.
            let expected = [110u64, 5, 115, 130].map(Scalar::from);
            assert_eq!(shares.as_slice(), expected);
        });
    }
}
