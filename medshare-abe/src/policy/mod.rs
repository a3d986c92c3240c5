//! Access policies: `role:cardiologist and (hospital:st-mary or hospital:charité)`.
//!
//! `and` binds more tightly than `or`; `2 of (a, b and c, d)` wants two of what stands between its
//! commas. The words may be written in capitals. A name of letters and digits of any script, `_`,
//! `.`, `:` and `-` stands as it is, anything else in quotation marks, with `\"` and `\\` inside them.
//! `and`, `or`, `not` and `of` are reserved.
//!
//! What is hashed, stored and shared out is a canonical binary form, not the text: an `and` directly
//! inside an `and` is part of it, as an `or` of an `or`; `n of` n things is their `and`, and `1 of` them
//! their `or`; parentheses around one thing are nothing, and the order of the operands is kept.

mod encoding;
pub(crate) mod lexer;
mod parser;

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use medshare_types::{Digest, hash};

use crate::attribute::{Attribute, AttributeSet};
use crate::error::SyntaxError;

/// How deeply parentheses, and gates, may be nested.
pub const MAX_DEPTH: usize = 32;
/// The most attributes that one policy names, repeats counted.
pub const MAX_LEAVES: usize = 1024;
/// The longest canonical form, bytes.
pub const MAX_POLICY_LEN: usize = 1 << 16;

/// Who may open: a formula of `and`, `or` and `k of (…)` over attributes, never empty.
///
/// Monotone: more attributes never open less.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessPolicy {
    root: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Leaf(Attribute),
    /// At least two operands; none of an `and` is an `and`, none of an `or` an `or`.
    Gate(Gate, Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// All operands.
    And,
    /// Any operand.
    Or,
    /// So many of the operands: at least 2 and not all of them.
    Threshold(u16),
}

impl AccessPolicy {
    /// Whether these attributes open.
    #[must_use]
    pub fn is_satisfied_by(&self, attributes: &AttributeSet) -> bool {
        self.missing(attributes).is_empty()
    }

    /// The attributes that would have to be added, in ascending order: empty exactly when the
    /// policy is satisfied. Where there is a choice, the first alternatives that lack fewest.
    #[must_use]
    pub fn missing(&self, attributes: &AttributeSet) -> Vec<Attribute> {
        let missing = self
            .root
            .missing(&|attribute| attributes.contains(attribute));
        missing.into_iter().cloned().collect()
    }

    /// The attributes that it names, without repeats.
    #[must_use]
    pub fn attributes(&self) -> AttributeSet {
        let mut leaves = Vec::new();
        self.root.collect_leaves(&mut leaves);
        leaves.into_iter().cloned().collect()
    }

    /// H(policy): the digest of the canonical form.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/abe/policy/v1", &[&self.to_bytes()])
    }

    pub(crate) fn from_root(root: Node) -> Self {
        Self { root }
    }

    pub(crate) const fn root(&self) -> &Node {
        &self.root
    }
}

impl FromStr for AccessPolicy {
    type Err = SyntaxError;

    /// Cost: linear in the length of the text.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parser::parse(text)
    }
}

impl fmt::Display for AccessPolicy {
    /// The canonical spelling, which parses to the same policy: an `and` inside an `or`, or an `or`
    /// inside an `and`, is always in parentheses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.print(f)
    }
}

impl fmt::Debug for AccessPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessPolicy({self})")
    }
}

impl Node {
    /// An `and` or an `or` over at least two operands; those that are gates of its kind become part
    /// of it.
    fn chain(gate: Gate, operands: Vec<Self>) -> Self {
        let mut children = Vec::with_capacity(operands.len());
        for operand in operands {
            match operand {
                Self::Gate(inner, grandchildren) if inner == gate => children.extend(grandchildren),
                other => children.push(other),
            }
        }
        Self::Gate(gate, children)
    }

    /// `needed` of the operands; all of them are an `and`, one of them is an `or`. None for a number
    /// that is not from 1 to that of the operands.
    fn threshold(needed: usize, mut operands: Vec<Self>) -> Option<Self> {
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

    /// Gates on the longest path to a leaf.
    fn depth(&self) -> usize {
        match self {
            Self::Leaf(_) => 0,
            Self::Gate(_, children) => 1 + children.iter().map(Self::depth).max().unwrap_or(0),
        }
    }

    fn missing<'n>(&'n self, held: &impl Fn(&Attribute) -> bool) -> BTreeSet<&'n Attribute> {
        match self {
            Self::Leaf(attribute) if held(attribute) => BTreeSet::new(),
            Self::Leaf(attribute) => BTreeSet::from([attribute]),
            Self::Gate(Gate::And, children) => children
                .iter()
                .flat_map(|child| child.missing(held))
                .collect(),
            Self::Gate(Gate::Or, children) => children
                .iter()
                .map(|child| child.missing(held))
                .min_by_key(BTreeSet::len)
                .unwrap_or_default(),
            Self::Gate(Gate::Threshold(needed), children) => {
                let mut each: Vec<_> = children.iter().map(|child| child.missing(held)).collect();
                each.sort_by_key(BTreeSet::len);
                each.truncate(usize::from(*needed));
                each.into_iter().flatten().collect()
            }
        }
    }

    /// The leaves from left to right.
    pub(crate) fn collect_leaves<'n>(&'n self, leaves: &mut Vec<&'n Attribute>) {
        match self {
            Self::Leaf(attribute) => leaves.push(attribute),
            Self::Gate(_, children) => children.iter().for_each(|c| c.collect_leaves(leaves)),
        }
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (gate, children) = match self {
            Self::Leaf(attribute) => return write!(f, "{attribute}"),
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
                // The commas of a threshold separate what stands between them.
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

#[cfg(test)]
mod tests;
