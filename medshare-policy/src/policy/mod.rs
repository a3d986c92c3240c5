//! Access policies: formulas over conditions, their canonical forms, and how they are built and
//! inspected.

mod build;
pub(crate) mod comparison;
pub(crate) mod condition;
mod contradiction;
mod encoding;
pub(crate) mod node;
pub(crate) mod view;

use core::fmt;

use medshare_types::{Digest, hash};

use self::condition::Condition;
use self::node::Node;
use crate::attribute::AttributeSet;
use crate::enumeration::Enumerations;

/// A formula of `and`, `or` and `k of (…)` over conditions, never empty.
///
/// Monotone: additional attributes never make a satisfied policy unsatisfied.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessPolicy {
    root: Node,
}

impl AccessPolicy {
    /// Whether these attributes satisfy the policy.
    #[must_use]
    pub fn is_satisfied_by(&self, attributes: &AttributeSet) -> bool {
        self.missing(attributes).is_empty()
    }

    /// The conditions that are missing, in ascending order: empty exactly when the policy is
    /// satisfied.
    ///
    /// At each gate, the alternatives that lack fewest conditions are chosen, the first among
    /// equals.
    #[must_use]
    pub fn missing(&self, attributes: &AttributeSet) -> Vec<Condition> {
        let missing = self
            .root
            .missing(&|condition| condition.is_met_by(attributes));
        missing.into_iter().cloned().collect()
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
    /// The scheme uses numbers, people read names, and the author of a policy chooses both. A
    /// policy from elsewhere must pass this check before it is displayed or countersigned. The text
    /// of a policy that passes parses to the same policy, with these enumerations.
    #[must_use]
    pub fn agrees_with(&self, enumerations: &Enumerations) -> bool {
        self.conditions()
            .all(|condition| condition.agrees_with(enumerations))
    }

    /// H(policy): the digest of the canonical form.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/abe/policy/v1", &[&self.to_bytes()])
    }

    /// The caller has checked the limits of [`node`].
    pub(crate) fn from_root(root: Node) -> Self {
        Self { root }
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
