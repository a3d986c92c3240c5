//! The formula of a policy: gates over conditions, in canonical form.

use core::fmt;
use std::collections::BTreeSet;

use super::condition::Condition;

/// Maximum nesting of parentheses and of gates.
pub const MAX_DEPTH: usize = 32;
/// Maximum number of rows of a policy: one for a name, one for each prefix of a comparison.
pub const MAX_ROWS: usize = 1024;
/// Maximum length of the canonical form in bytes.
pub const MAX_POLICY_LEN: usize = 1 << 16;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Leaf(Condition),
    /// At least two operands; none of an `and` is an `and`, none of an `or` an `or`.
    Gate(Gate, Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Every operand is required.
    And,
    /// A single operand suffices.
    Or,
    /// This many operands suffice: at least 2, and fewer than all.
    Threshold(u16),
}

impl Node {
    /// An `and` or an `or` over at least two operands; operands that are gates of the same kind are
    /// merged into it.
    pub(crate) fn chain(gate: Gate, operands: Vec<Self>) -> Self {
        let mut children = Vec::with_capacity(operands.len());
        for operand in operands {
            match operand {
                Self::Gate(inner, grandchildren) if inner == gate => children.extend(grandchildren),
                other => children.push(other),
            }
        }
        Self::Gate(gate, children)
    }

    /// `needed` of the operands: an `and` if all are needed, an `or` if one is. `None` unless
    /// `needed` is from 1 to the number of operands.
    pub(crate) fn threshold(needed: usize, mut operands: Vec<Self>) -> Option<Self> {
        let count = operands.len();
        if !(1..=count).contains(&needed) {
            return None;
        }
        Some(match needed {
            _ if count == 1 => operands.remove(0),
            1 => Self::chain(Gate::Or, operands),
            _ if needed == count => Self::chain(Gate::And, operands),
            _ => Self::Gate(Gate::Threshold(u16::try_from(needed).ok()?), operands),
        })
    }

    /// Number of gates on the longest path to a leaf.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::Leaf(_) => 0,
            Self::Gate(_, children) => 1 + children.iter().map(Self::depth).max().unwrap_or(0),
        }
    }

    /// Unmet leaves that, if met, would satisfy the node: at each gate, those of the operands that lack
    /// fewest.
    pub(super) fn missing<'n>(
        &'n self,
        met: &impl Fn(&Condition) -> bool,
    ) -> BTreeSet<&'n Condition> {
        match self {
            Self::Leaf(condition) if met(condition) => BTreeSet::new(),
            Self::Leaf(condition) => BTreeSet::from([condition]),
            Self::Gate(gate, children) => {
                let needed = match gate {
                    Gate::And => children.len(),
                    Gate::Or => 1,
                    Gate::Threshold(needed) => usize::from(*needed),
                };
                let mut each: Vec<_> = children.iter().map(|child| child.missing(met)).collect();
                // Stable: the first among equals is chosen.
                each.sort_by_key(BTreeSet::len);
                each.truncate(needed);
                each.into_iter().flatten().collect()
            }
        }
    }

    /// Appends the leaves from left to right.
    pub(super) fn collect_leaves<'n>(&'n self, leaves: &mut Vec<&'n Condition>) {
        match self {
            Self::Leaf(condition) => leaves.push(condition),
            Self::Gate(_, children) => children.iter().for_each(|c| c.collect_leaves(leaves)),
        }
    }

    pub(super) fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (gate, children) = match self {
            Self::Leaf(condition) => return write!(f, "{condition}"),
            Self::Gate(gate, children) => (gate, children),
        };
        let word = match gate {
            Gate::And => " and ",
            Gate::Or => " or ",
            Gate::Threshold(needed) => {
                write!(f, "{needed} of (")?;
                ", "
            }
        };
        for (index, child) in children.iter().enumerate() {
            if index > 0 {
                f.write_str(word)?;
            }
            match child {
                // Between the commas of a threshold, operands need no parentheses.
                Self::Gate(Gate::And | Gate::Or, _) if !matches!(gate, Gate::Threshold(_)) => {
                    f.write_str("(")?;
                    child.print(f)?;
                    f.write_str(")")?;
                }
                _ => child.print(f)?,
            }
        }
        match gate {
            Gate::Threshold(_) => f.write_str(")"),
            Gate::And | Gate::Or => Ok(()),
        }
    }
}
