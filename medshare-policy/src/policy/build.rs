//! Policies built from values, without text.

use super::AccessPolicy;
use super::condition::Condition;
use super::node::{Gate, MAX_DEPTH, MAX_POLICY_LEN, MAX_ROWS, Node};
use crate::attribute::Attribute;
use crate::error::PolicyError;
use crate::name::Name;

impl AccessPolicy {
    /// `and`: all of the operands. A single operand is returned as it is.
    ///
    /// Names, attributes and conditions convert to operands with `into()`.
    ///
    /// Cost: linear in the size of the policy, here and in [`Self::any`] and [`Self::at_least`].
    ///
    /// # Errors
    /// [`PolicyError::NoOperands`]; or [`PolicyError::TooDeep`], [`PolicyError::TooManyRows`] or
    /// [`PolicyError::TooLong`] beyond the limits of a policy.
    pub fn all(operands: impl IntoIterator<Item = Self>) -> Result<Self, PolicyError> {
        let operands = gather(operands)?;
        match operands.len() {
            0 => Err(PolicyError::NoOperands),
            count => gate(count, operands),
        }
    }

    /// `or`: any of the operands. A single operand is returned as it is.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub fn any(operands: impl IntoIterator<Item = Self>) -> Result<Self, PolicyError> {
        let operands = gather(operands)?;
        match operands.len() {
            0 => Err(PolicyError::NoOperands),
            _ => gate(1, operands),
        }
    }

    /// `needed of (…)`: at least `needed` of the operands.
    ///
    /// # Errors
    /// [`PolicyError::InvalidThreshold`] unless `needed` is from 1 to the number of operands; or as
    /// [`Self::all`] beyond the limits of a policy.
    pub fn at_least(
        needed: usize,
        operands: impl IntoIterator<Item = Self>,
    ) -> Result<Self, PolicyError> {
        gate(needed, gather(operands)?)
    }

    /// The operands of the outermost `or`; the policy itself where that is none. The inverse of
    /// [`Self::any`] over policies that are no `or` themselves.
    #[must_use]
    pub fn alternatives(&self) -> Vec<Self> {
        match &self.root {
            Node::Gate(Gate::Or, operands) => {
                operands.iter().cloned().map(Self::from_root).collect()
            }
            _ => vec![self.clone()],
        }
    }
}

/// The roots of the operands. Stops at the first row over the limit, so that endless iterators end.
fn gather(operands: impl IntoIterator<Item = AccessPolicy>) -> Result<Vec<Node>, PolicyError> {
    let mut rows = 0;
    let mut nodes = Vec::new();
    for policy in operands {
        rows += policy.conditions().map(Condition::rows).sum::<usize>();
        if rows > MAX_ROWS {
            return Err(PolicyError::TooManyRows { limit: MAX_ROWS });
        }
        nodes.push(policy.root);
    }
    Ok(nodes)
}

fn gate(needed: usize, operands: Vec<Node>) -> Result<AccessPolicy, PolicyError> {
    let count = operands.len();
    let root = Node::threshold(needed, operands).ok_or(PolicyError::InvalidThreshold {
        needed,
        operands: count,
    })?;
    if root.depth() > MAX_DEPTH {
        return Err(PolicyError::TooDeep { limit: MAX_DEPTH });
    }
    let length = root.encoded_len();
    if length > MAX_POLICY_LEN {
        return Err(PolicyError::TooLong {
            length,
            limit: MAX_POLICY_LEN,
        });
    }
    Ok(AccessPolicy::from_root(root))
}

/// Never fails: a single condition is within every limit.
impl From<Condition> for AccessPolicy {
    fn from(condition: Condition) -> Self {
        Self::from_root(Node::Leaf(condition))
    }
}

impl From<Name> for AccessPolicy {
    fn from(name: Name) -> Self {
        Condition::from(name).into()
    }
}

impl From<Attribute> for AccessPolicy {
    fn from(attribute: Attribute) -> Self {
        Condition::from(attribute).into()
    }
}
