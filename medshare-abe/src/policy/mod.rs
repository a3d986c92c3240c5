//! Access policies: `role:cardiologist and (hospital:st-mary or hospital:charité)`.
//!
//! `and` binds more tightly than `or`; both words may be written in capitals. A name of letters and
//! digits of any script, `_`, `.`, `:` and `-` stands as it is, anything else in quotation marks,
//! with `\"` and `\\` inside them. `and`, `or`, `not` and `of` are reserved.
//!
//! What is hashed, stored and shared out is a canonical binary form, not the text: a gate directly
//! inside a gate of its own kind is part of it, parentheses around one thing are nothing, and the
//! order of the operands is kept.

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

/// Who may open: a formula of `and` and `or` over attributes, never empty.
///
/// Monotone: more attributes never open less.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessPolicy {
    root: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Leaf(Attribute),
    /// At least two operands, none of them a gate of the same kind.
    Gate(Gate, Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    And,
    Or,
}

impl AccessPolicy {
    /// Whether these attributes open.
    #[must_use]
    pub fn is_satisfied_by(&self, attributes: &AttributeSet) -> bool {
        self.missing(attributes).is_empty()
    }

    /// The attributes that would have to be added, in ascending order: empty exactly when the
    /// policy is satisfied. Where there is a choice, the first alternative that lacks fewest.
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
    /// The canonical spelling, which parses to the same policy: a gate inside another is always
    /// in parentheses.
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
    /// A gate over at least two operands; those that are gates of its kind become part of it.
    fn gate(gate: Gate, operands: Vec<Self>) -> Self {
        let mut children = Vec::with_capacity(operands.len());
        for operand in operands {
            match operand {
                Self::Gate(inner, grandchildren) if inner == gate => children.extend(grandchildren),
                other => children.push(other),
            }
        }
        Self::Gate(gate, children)
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
        };
        for (index, child) in children.iter().enumerate() {
            if index > 0 {
                f.write_str(word)?;
            }
            match child {
                Self::Leaf(attribute) => write!(f, "{attribute}")?,
                Self::Gate(..) => {
                    f.write_str("(")?;
                    child.print(f)?;
                    f.write_str(")")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
