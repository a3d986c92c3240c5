//! Inspecting policies gate by gate.

use core::iter::FusedIterator;
use core::slice;

use super::AccessPolicy;
use super::condition::Condition;
use super::node::{Gate, Node};

/// The outermost gate of a policy or of an operand, or its only condition.
///
/// In canonical form: an `and` directly inside an `and` is merged into it, `n of` n operands is
/// their `and`, and `1 of` them their `or`. A gate therefore has at least two operands, and
/// `AtLeast` more than it needs. Gates are nested at most [`MAX_DEPTH`](crate::MAX_DEPTH) deep, so
/// recursion is safe.
///
/// Exhaustive: an encryption scheme must handle every kind of node, or fail to compile.
#[derive(Clone, Debug)]
pub enum PolicyNode<'p> {
    /// A leaf of the formula.
    Condition(&'p Condition),
    /// `and`: every operand is required.
    All(Operands<'p>),
    /// `or`: one operand suffices.
    Any(Operands<'p>),
    /// `needed of (…)`: a threshold.
    AtLeast {
        /// The threshold, at least 2.
        needed: usize,
        /// More operands than `needed`.
        operands: Operands<'p>,
    },
}

impl AccessPolicy {
    /// The outermost gate of the policy, for traversing it.
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
