//! Policies made of parts, without a text between.

use core::ops::RangeBounds;

use super::condition::{Condition, Test};
use super::{AccessPolicy, MAX_DEPTH, MAX_POLICY_LEN, MAX_ROWS, Node};
use crate::attribute::{Attribute, Kind};
use crate::error::PolicyError;
use crate::name::Name;
use crate::value::{Date, Value};

impl AccessPolicy {
    /// `and`: all of the operands, each a policy, or a name, an attribute or a condition turned into
    /// one. One operand alone is itself.
    ///
    /// Cost: linear in the size of the policy, here and in [`Self::any`] and [`Self::at_least`].
    ///
    /// # Errors
    /// [`PolicyError::NoOperands`] for none, or whichever of [`MAX_DEPTH`], [`MAX_ROWS`] and
    /// [`MAX_POLICY_LEN`] is passed.
    pub fn all(operands: impl IntoIterator<Item = Self>) -> Result<Self, PolicyError> {
        let operands = gather(operands)?;
        match operands.len() {
            0 => Err(PolicyError::NoOperands),
            count => gate(count, operands),
        }
    }

    /// `or`: any of the operands. One operand alone is itself.
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

    /// `needed of (…)`: so many of the operands.
    ///
    /// # Errors
    /// [`PolicyError::InvalidThreshold`] unless `needed` is from 1 to the number of operands; and
    /// the limits of [`Self::all`].
    pub fn at_least(
        needed: usize,
        operands: impl IntoIterator<Item = Self>,
    ) -> Result<Self, PolicyError> {
        gate(needed, gather(operands)?)
    }
}

/// The roots of the operands; stops at the first row too many, however many operands there are.
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

impl Condition {
    /// The label with an integer of the range: `3..` is `label >= 3`, `..3` is `label < 3`, `3..=5`
    /// is `label in 3..5`, and `3..=3` is `label == 3`.
    ///
    /// # Errors
    /// [`PolicyError::EmptyRange`].
    pub fn integer(label: Name, range: impl RangeBounds<u32>) -> Result<Self, PolicyError> {
        let test = Test::integer(&range).ok_or(PolicyError::EmptyRange)?;
        Ok(Self::value(label, test))
    }

    /// The label with a date of the range, as [`Self::integer`].
    ///
    /// # Errors
    /// [`PolicyError::EmptyRange`].
    pub fn date(label: Name, range: impl RangeBounds<Date>) -> Result<Self, PolicyError> {
        let test = Test::date(&range).ok_or(PolicyError::EmptyRange)?;
        Ok(Self::value(label, test))
    }
}

impl From<Name> for Condition {
    fn from(name: Name) -> Self {
        Self::name_alone(name)
    }
}

/// That attribute: a name, or the label with that value, `label == value`.
impl From<Attribute> for Condition {
    fn from(attribute: Attribute) -> Self {
        match attribute.into_kind() {
            Kind::Name(name) => name.into(),
            Kind::Value { label, value } => {
                let test = match value {
                    Value::Integer(n) => Test::Integer { from: n, to: n },
                    Value::Date(day) => Test::Date { from: day, to: day },
                    Value::Choice(choice) => Test::Is(choice),
                };
                Self::value(label, test)
            }
        }
    }
}

/// A policy of one condition is within every limit.
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
