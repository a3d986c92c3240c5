//! The leaves of a policy: conditions on one name or one label.

use core::fmt;
use core::ops::RangeBounds;

use super::comparison::Comparison;
use crate::attribute::{Attribute, AttributeSet, Kind};
use crate::date::Date;
use crate::enumeration::{Enumeration, Enumerations};
use crate::error::PolicyError;
use crate::name::Name;
use crate::value::Value;

/// A condition on one attribute: a name, a number or date in a range, or a value of an enumeration
/// or any other than it.
///
/// `Display` writes one spelling for each meaning: `clearance < 5` becomes `clearance <= 4`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition(Kind<Comparison>);

impl Condition {
    /// The label with an integer of the range: `3..` is `label >= 3`, `..3` is `label < 3`, `3..=5`
    /// is `label in 3..5`, and `3..=3` is `label == 3`.
    ///
    /// # Errors
    /// [`PolicyError::EmptyRange`].
    pub fn integer(label: Name, range: impl RangeBounds<u32>) -> Result<Self, PolicyError> {
        let comparison = Comparison::integer(&range).ok_or(PolicyError::EmptyRange)?;
        Ok(Self::value(label, comparison))
    }

    /// The label with a date of the range, as [`Self::integer`].
    ///
    /// # Errors
    /// [`PolicyError::EmptyRange`].
    pub fn date(label: Name, range: impl RangeBounds<Date>) -> Result<Self, PolicyError> {
        let comparison = Comparison::date(&range).ok_or(PolicyError::EmptyRange)?;
        Ok(Self::value(label, comparison))
    }

    /// Whether one of these attributes meets the condition.
    #[must_use]
    pub fn is_met_by(&self, attributes: &AttributeSet) -> bool {
        match &self.0 {
            Kind::Name(name) => attributes.contains(&Attribute::from(name.clone())),
            Kind::Value { label, value } => attributes
                .values_of(label)
                .any(|found| value.accepts(found)),
        }
    }

    /// The name, if the condition requires one.
    #[must_use]
    pub const fn name(&self) -> Option<&Name> {
        self.0.name()
    }

    /// The label, if the condition compares its value.
    #[must_use]
    pub const fn label(&self) -> Option<&Name> {
        self.0.label()
    }

    /// The comparison with the label's value, if there is one.
    #[must_use]
    pub const fn comparison(&self) -> Option<&Comparison> {
        self.0.value()
    }

    /// Whether the condition means what its text says: see
    /// [`AccessPolicy::agrees_with`](crate::AccessPolicy::agrees_with).
    pub(super) fn agrees_with(&self, enumerations: &Enumerations) -> bool {
        match &self.0 {
            Kind::Name(_) => true,
            Kind::Value { label, value } => enumerations.agree(label, value.as_enum()),
        }
    }

    pub(crate) const fn value(label: Name, value: Comparison) -> Self {
        Self(Kind::Value { label, value })
    }

    pub(crate) const fn kind(&self) -> &Kind<Comparison> {
        &self.0
    }

    /// Number of rows that the condition adds to a policy.
    pub(crate) fn rows(&self) -> usize {
        match &self.0 {
            Kind::Name(_) => 1,
            Kind::Value { value, .. } => value.prefixes().len(),
        }
    }
}

impl Enumeration {
    /// `label == value`; `None` if the list does not have the value.
    #[must_use]
    pub fn equal_to(&self, value: &Name) -> Option<Condition> {
        let comparison = Comparison::Is(self.value(value)?);
        Some(Condition::value(self.label().clone(), comparison))
    }

    /// `label != value`: any other value, listed now or later. `None` if the list does not have
    /// this value.
    #[must_use]
    pub fn other_than(&self, value: &Name) -> Option<Condition> {
        let comparison = Comparison::IsNot(self.value(value)?);
        Some(Condition::value(self.label().clone(), comparison))
    }
}

impl From<Name> for Condition {
    fn from(name: Name) -> Self {
        Self(Kind::Name(name))
    }
}

/// The name, or `label == value`.
impl From<Attribute> for Condition {
    fn from(attribute: Attribute) -> Self {
        match attribute.into_kind() {
            Kind::Name(name) => name.into(),
            Kind::Value { label, value } => {
                let comparison = match value {
                    Value::Integer(n) => Comparison::Integer { from: n, to: n },
                    Value::Date(day) => Comparison::Date { from: day, to: day },
                    Value::Enum(value) => Comparison::Is(value),
                };
                Self::value(label, comparison)
            }
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Name(name) => write!(f, "{name}"),
            Kind::Value { label, value } => match value {
                Comparison::Integer { from, to } => {
                    write_range(f, label, (from, to), (&0, &u32::MAX))
                }
                Comparison::Date { from, to } => {
                    let domain = (&Date::from_days(0), &Date::from_days(u16::MAX));
                    write_range(f, label, (from, to), domain)
                }
                Comparison::Is(value) => write!(f, "{label} == {}", value.name),
                Comparison::IsNot(value) => write!(f, "{label} != {}", value.name),
            },
        }
    }
}

fn write_range<T: Eq + fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    label: &Name,
    (from, to): (&T, &T),
    (first, last): (&T, &T),
) -> fmt::Result {
    if from == to {
        write!(f, "{label} == {from}")
    } else if to == last {
        write!(f, "{label} >= {from}")
    } else if from == first {
        write!(f, "{label} <= {to}")
    } else {
        write!(f, "{label} in {from}..{to}")
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({self})")
    }
}
