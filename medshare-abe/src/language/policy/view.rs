//! Policies taken apart.

use core::iter::FusedIterator;
use core::slice;

use super::{AccessPolicy, Condition, Gate, Node};

/// What a policy, or an operand, is.
///
/// In the canonical form: an `and` of an `and` is one `and`, `n of` n operands are their `and`, and
/// `1 of` them their `or`; so there are always at least two operands, and of `AtLeast` at least one
/// more than are needed. Gates are nested at most [`MAX_DEPTH`](super::MAX_DEPTH) deep, so that
/// recursion is safe.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PolicyNode<'p> {
    /// One condition.
    Condition(&'p Condition),
    /// `and`.
    All(Operands<'p>),
    /// `or`.
    Any(Operands<'p>),
    /// `needed of (…)`.
    AtLeast {
        /// How many are needed.
        needed: usize,
        /// Of these.
        operands: Operands<'p>,
    },
}

impl AccessPolicy {
    /// The policy, taken apart at its outermost gate.
    #[must_use]
    pub fn node(&self) -> PolicyNode<'_> {
        PolicyNode::of(&self.root)
    }
}

impl<'p> PolicyNode<'p> {
    fn of(node: &'p Node) -> Self {
        match node {
            Node::Leaf(condition) => Self::Condition(condition),
            Node::Gate(gate, children) => {
                let operands = Operands(children.iter());
                match gate {
                    Gate::And => Self::All(operands),
                    Gate::Or => Self::Any(operands),
                    Gate::Threshold(needed) => Self::AtLeast {
                        needed: usize::from(*needed),
                        operands,
                    },
                }
            }
        }
    }
}

/// The operands of a gate, from left to right.
#[derive(Clone, Debug)]
pub struct Operands<'p>(slice::Iter<'p, Node>);

impl<'p> Iterator for Operands<'p> {
    type Item = PolicyNode<'p>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(PolicyNode::of)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Operands<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(PolicyNode::of)
    }
}

impl ExactSizeIterator for Operands<'_> {}
impl FusedIterator for Operands<'_> {}
