//! Access policies: `role:cardiologist and (hospital:st-mary or hospital:charité)`.
//!
//! | text | asks for |
//! |---|---|
//! | `role:nurse`, `"ward 3"` | that name |
//! | `a and b`, `a or b` | both, one; `and` binds more tightly |
//! | `2 of (a, b and c, d)` | two of what stands between the commas |
//! | `clearance >= 3`, `<`, `<=`, `>`, `==` | the label with such an integer, of 32 bits |
//! | `hired < 2026-01-31`, … | the label with such a date |
//! | `clearance in 3..5` | from 3 to 5, both inside; dates likewise |
//! | `hospital == charité`, `hospital != charité` | the label with that value, or with another |
//!
//! The last two need an enumeration that is registered for the label
//! ([`Enumerations`]); `!=` is not "does not have": see there. The words may be written in
//! capitals, and are, like `not`, reserved. A name of letters and digits of any script, `_`, `.`
//! (not two together), `:` and `-` stands as it is, anything else in quotation marks, with `\"` and
//! `\\` inside them. `hospital:charité` is a name like any other, and has nothing to do with the
//! label `hospital`.
//!
//! What is hashed, stored and shared out is a canonical binary form, not the text: an `and`
//! directly inside an `and` is part of it, as an `or` of an `or`; `n of` n things is their `and`,
//! and `1 of` them their `or`; a comparison is the range it means; parentheses around one thing are
//! nothing, and the order of the operands is kept.
//!
//! # Policies with variable parts
//!
//! A policy that is put together by a program is made of parts, not of text. What a user typed may
//! hold words of the language, and printing a policy into another loses parentheses:
//!
//! ```
//! use medshare_abe::{AccessPolicy, Condition, Name};
//!
//! let typed = "7 or role:admin";
//! let ward = Name::new(&format!("ward:{typed}"))?;
//! let cleared = Condition::integer(Name::new("clearance")?, 3..)?;
//! let nurse = Name::new("role:nurse")?;
//! let policy = AccessPolicy::all([nurse.into(), ward.into(), cleared.into()])?;
//! assert_eq!(policy.to_string(), "role:nurse and \"ward:7 or role:admin\" and clearance >= 3");
//!
//! // An injection: any administrator opens.
//! let careless: AccessPolicy = format!("role:nurse and ward:{typed}").parse()?;
//! assert!(careless.is_satisfied_by(&"role:admin".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`AccessPolicy::node`] takes a policy apart.

mod build;
mod condition;
mod encoding;
pub(crate) mod lexer;
pub(crate) mod list;
mod literal;
mod parser;
mod view;

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use medshare_types::{Digest, hash};

use crate::attribute::AttributeSet;
use crate::enumeration::Enumerations;
use crate::error::SyntaxError;

pub use condition::{Condition, Test};
pub use view::{Operands, PolicyNode};

/// How deeply parentheses, and gates, may be nested.
pub const MAX_DEPTH: usize = 32;
/// The most rows that one policy has: one for a name, one for each prefix that a comparison needs.
pub const MAX_ROWS: usize = 1024;
/// The longest canonical form, bytes.
pub const MAX_POLICY_LEN: usize = 1 << 16;

/// Who may open: a formula of `and`, `or` and `k of (…)` over conditions, never empty.
///
/// Monotone: more attributes never open less.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessPolicy {
    root: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Leaf(Condition),
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

    /// The conditions that would have to be met besides, in ascending order: empty exactly when the
    /// policy is satisfied. Where there is a choice, the first alternatives that lack fewest.
    #[must_use]
    pub fn missing(&self, attributes: &AttributeSet) -> Vec<Condition> {
        let missing = self
            .root
            .missing(&|condition| condition.is_met_by(attributes));
        missing.into_iter().cloned().collect()
    }

    /// Parses a policy that may compare with values of enumerations.
    ///
    /// Cost: linear in the length of the text.
    ///
    /// # Errors
    /// [`SyntaxError`], with the place.
    pub fn parse(text: &str, enumerations: &Enumerations) -> Result<Self, SyntaxError> {
        parser::parse(text, enumerations)
    }

    /// The conditions from left to right.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let mut leaves = Vec::new();
        self.root.collect_leaves(&mut leaves);
        leaves.into_iter()
    }

    /// Whether every value of an enumeration has the number that is registered for its name, and no
    /// label with an enumeration is compared with a number or a date.
    ///
    /// The scheme knows numbers, people read names, and whoever made the policy put both in it: a
    /// policy from elsewhere is to be shown, or countersigned, only after this check. What is shown
    /// then parses to this policy, with these enumerations.
    #[must_use]
    pub fn agrees_with(&self, enumerations: &Enumerations) -> bool {
        let mut conditions = self.conditions();
        conditions.all(|condition| condition.agrees_with(enumerations))
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

    /// As [`AccessPolicy::parse`], without enumerations.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text, &Enumerations::new())
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

    /// `needed` of the operands; all of them are an `and`, one of them is an `or`. None for a
    /// number that is not from 1 to that of the operands.
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

    fn missing<'n>(&'n self, met: &impl Fn(&Condition) -> bool) -> BTreeSet<&'n Condition> {
        match self {
            Self::Leaf(condition) if met(condition) => BTreeSet::new(),
            Self::Leaf(condition) => BTreeSet::from([condition]),
            Self::Gate(Gate::And, children) => children
                .iter()
                .flat_map(|child| child.missing(met))
                .collect(),
            Self::Gate(Gate::Or, children) => children
                .iter()
                .map(|child| child.missing(met))
                .min_by_key(BTreeSet::len)
                .unwrap_or_default(),
            Self::Gate(Gate::Threshold(needed), children) => {
                let mut each: Vec<_> = children.iter().map(|child| child.missing(met)).collect();
                each.sort_by_key(BTreeSet::len);
                each.truncate(usize::from(*needed));
                each.into_iter().flatten().collect()
            }
        }
    }

    /// The leaves from left to right.
    fn collect_leaves<'n>(&'n self, leaves: &mut Vec<&'n Condition>) {
        match self {
            Self::Leaf(condition) => leaves.push(condition),
            Self::Gate(_, children) => children.iter().for_each(|c| c.collect_leaves(leaves)),
        }
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
