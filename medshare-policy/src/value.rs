//! Values of labels, and their kinds.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::date::Date;
use crate::name::Name;
use crate::prefix::Prefix;

/// A permanent identifier of an enumeration, such as the digest of its registration.
///
/// It is hashed into every attribute, so that two lists under one label are never mixed up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct EnumerationId(pub [u8; 32]);

impl fmt::Debug for EnumerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnumerationId(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// A value of an enumeration: the scheme uses its number, people read its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct EnumValue {
    pub(crate) enumeration: EnumerationId,
    pub(crate) number: u16,
    pub(crate) name: Name,
}

impl EnumValue {
    /// The enumeration that the value belongs to.
    #[must_use]
    pub const fn enumeration(&self) -> EnumerationId {
        self.enumeration
    }

    /// Index in the enumeration's list.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// The name as the author of the policy or attribute wrote it.
    ///
    /// It may differ from the registered name of the number: check with
    /// [`AccessPolicy::agrees_with`](crate::AccessPolicy::agrees_with) or
    /// [`AttributeSet::agrees_with`](crate::AttributeSet::agrees_with).
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }
}

/// The value of a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Value {
    /// An integer of 32 bits.
    Integer(u32),
    /// A day of the calendar.
    Date(Date),
    /// One of a registered list.
    Enum(EnumValue),
}

impl Value {
    pub(crate) const fn as_enum(&self) -> Option<&EnumValue> {
        match self {
            Self::Enum(value) => Some(value),
            Self::Integer(_) | Self::Date(_) => None,
        }
    }

    pub(crate) const fn domain(&self) -> Domain {
        match self {
            Self::Integer(_) => Domain::Integer,
            Self::Date(_) => Domain::Date,
            Self::Enum(value) => Domain::Enumeration(value.enumeration),
        }
    }

    pub(crate) fn number(&self) -> u32 {
        match self {
            Self::Integer(number) => *number,
            Self::Date(date) => date.number(),
            Self::Enum(value) => value.number.into(),
        }
    }

    /// All prefixes, the empty one first.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = Prefix> + use<> {
        let number = self.number();
        let width = self.domain().width();
        (0..=width).map(move |depth| Prefix::of(number, width, depth))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Date(date) => write!(f, "{date}"),
            Self::Enum(value) => write!(f, "{}", value.name),
        }
    }
}

/// The kind of a value. Values of two kinds are never compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Domain {
    /// Integers of 32 bits.
    Integer,
    /// Days since 1970-01-01, 16 bits.
    Date,
    /// Numbers of one enumeration's values, 16 bits.
    Enumeration(EnumerationId),
}

impl Domain {
    /// ℓ: bits of a number.
    #[must_use]
    pub const fn width(self) -> u8 {
        match self {
            Self::Integer => 32,
            Self::Date | Self::Enumeration(_) => 16,
        }
    }
}
