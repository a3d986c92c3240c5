//! The leaves of a policy: what it asks of one name or one label.

use core::fmt;
use core::ops::{Bound, RangeBounds};

use crate::attribute::{Attribute, AttributeSet, Kind};
use crate::enumeration::{Choice, Enumerations};
use crate::name::Name;
use crate::scheme::element::Element;
use crate::value::{Date, Domain, Prefix, Value, cover};

/// One thing that a policy asks for: a name, a number or a date in a range, or a value of an
/// enumeration or any other than it.
///
/// Printed as in policies, in one spelling: `clearance < 5` is `clearance <= 4`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition(Kind<Test>);

/// What is asked of the value of a label. Both ends of a range are inside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Test {
    /// An integer of the range.
    Integer {
        /// The smallest.
        from: u32,
        /// The largest, not below `from`.
        to: u32,
    },
    /// A date of the range.
    Date {
        /// The first.
        from: Date,
        /// The last, not before `from`.
        to: Date,
    },
    /// That value of the enumeration.
    Is(Choice),
    /// Another value of the enumeration.
    IsNot(Choice),
}

impl Condition {
    /// Whether one of these attributes meets it.
    #[must_use]
    pub fn is_met_by(&self, attributes: &AttributeSet) -> bool {
        match &self.0 {
            Kind::Name(name) => attributes.contains(&Attribute::from(name.clone())),
            Kind::Value { label, value: test } => {
                attributes.values_of(label).any(|value| test.accepts(value))
            }
        }
    }

    /// The name that it asks for, if that is what it is.
    #[must_use]
    pub const fn name(&self) -> Option<&Name> {
        self.0.name()
    }

    /// The label whose value it asks about, if that is what it does.
    #[must_use]
    pub const fn label(&self) -> Option<&Name> {
        self.0.label()
    }

    /// What it asks of the label's value.
    #[must_use]
    pub const fn test(&self) -> Option<&Test> {
        self.0.value()
    }

    /// Whether it is what it is shown as: see [`AccessPolicy::agrees_with`](super::AccessPolicy).
    pub(super) fn agrees_with(&self, enumerations: &Enumerations) -> bool {
        match &self.0 {
            Kind::Name(_) => true,
            Kind::Value { label, value: test } => enumerations.agree(label, test.choice()),
        }
    }

    pub(super) const fn name_alone(name: Name) -> Self {
        Self(Kind::Name(name))
    }

    pub(crate) const fn value(label: Name, test: Test) -> Self {
        Self(Kind::Value { label, value: test })
    }

    pub(crate) const fn kind(&self) -> &Kind<Test> {
        &self.0
    }

    /// What the scheme has rows for: each element alone meets the condition.
    pub(crate) fn elements(&self) -> Vec<Element<'_>> {
        match &self.0 {
            Kind::Name(name) => vec![Element::Name(name)],
            Kind::Value { label, value: test } => {
                let domain = test.domain();
                let element = |prefix| Element::Prefix {
                    label,
                    domain,
                    prefix,
                };
                test.prefixes().into_iter().map(element).collect()
            }
        }
    }

    /// How many elements there are.
    pub(crate) fn rows(&self) -> usize {
        match &self.0 {
            Kind::Name(_) => 1,
            Kind::Value { value: test, .. } => test.prefixes().len(),
        }
    }
}

impl Test {
    /// An integer of the range, if there is one.
    pub(super) fn integer(range: &impl RangeBounds<u32>) -> Option<Self> {
        let (from, to) = ends(range, |number| *number, u32::MAX)?;
        Some(Self::Integer { from, to })
    }

    /// A date of the range, if there is one.
    pub(super) fn date(range: &impl RangeBounds<Date>) -> Option<Self> {
        let (from, to) = ends(range, |date| date.number(), u16::MAX.into())?;
        // Both are at most the largest date.
        let (from, to) = (Date::from_days(from as u16), Date::from_days(to as u16));
        Some(Self::Date { from, to })
    }

    const fn choice(&self) -> Option<&Choice> {
        match self {
            Self::Is(choice) | Self::IsNot(choice) => Some(choice),
            Self::Integer { .. } | Self::Date { .. } => None,
        }
    }

    const fn domain(&self) -> Domain {
        match self {
            Self::Integer { .. } => Domain::Integer,
            Self::Date { .. } => Domain::Date,
            Self::Is(choice) | Self::IsNot(choice) => Domain::Enumeration(choice.enumeration),
        }
    }

    fn accepts(&self, value: &Value) -> bool {
        let number = value.number();
        value.domain() == self.domain()
            && match self {
                Self::Integer { from, to } => (*from..=*to).contains(&number),
                Self::Date { from, to } => (from.number()..=to.number()).contains(&number),
                Self::Is(choice) => number == u32::from(choice.index),
                Self::IsNot(choice) => number != u32::from(choice.index),
            }
    }

    fn prefixes(&self) -> Vec<Prefix> {
        let width = self.domain().width();
        match self {
            Self::Integer { from, to } => cover(*from, *to, width),
            Self::Date { from, to } => cover(from.number(), to.number(), width),
            Self::Is(choice) => cover(choice.index.into(), choice.index.into(), width),
            // The siblings of the prefixes of the value: every other number, used or not.
            Self::IsNot(choice) => (1..=width)
                .map(|depth| Prefix::of(choice.index.into(), width, depth).sibling())
                .collect(),
        }
    }
}

/// The first and the last number of a range; none if it holds nothing.
fn ends<T>(
    range: &impl RangeBounds<T>,
    number: impl Fn(&T) -> u32,
    largest: u32,
) -> Option<(u32, u32)> {
    let from = match range.start_bound() {
        Bound::Included(first) => Some(number(first)),
        Bound::Excluded(before) => number(before).checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let to = match range.end_bound() {
        Bound::Included(last) => Some(number(last)),
        Bound::Excluded(after) => number(after).checked_sub(1),
        Bound::Unbounded => Some(largest),
    };
    from.zip(to).filter(|(from, to)| from <= to)
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (label, test) = match &self.0 {
            Kind::Name(name) => return write!(f, "{name}"),
            Kind::Value { label, value: test } => (label, test),
        };
        match test {
            Test::Integer { from, to } => print_range(f, label, (from, to), (&0, &u32::MAX)),
            Test::Date { from, to } => {
                let ends = (&Date::from_days(0), &Date::from_days(u16::MAX));
                print_range(f, label, (from, to), ends)
            }
            Test::Is(choice) => write!(f, "{label} == {}", choice.name),
            Test::IsNot(choice) => write!(f, "{label} != {}", choice.name),
        }
    }
}

fn print_range<T: Eq + fmt::Display>(
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::enumeration::EnumerationId;

    fn choice(index: u16) -> Choice {
        Choice {
            enumeration: EnumerationId([7; 32]),
            index,
            name: Name::new("x").unwrap(),
        }
    }

    /// One of the four tests, made of two numbers, and a number to try it on.
    fn case() -> impl Strategy<Value = (usize, u32, u32, u32)> {
        (0..4usize, any::<u32>(), any::<u32>(), any::<u32>(), 0..5u32).prop_map(
            |(kind, mut a, mut b, mut number, near)| {
                if kind > 0 {
                    (a, b, number) = (a >> 16, b >> 16, number >> 16);
                }
                let limit = if kind > 0 { u16::MAX.into() } else { u32::MAX };
                let (from, to) = if a % 4 == 0 {
                    (0, b)
                } else {
                    (a.min(b), a.max(b))
                };
                // Most numbers are at an end of the range.
                let number = match near {
                    0 => number,
                    1 => from,
                    2 => to,
                    3 => from.saturating_sub(1),
                    _ => limit.min(to.saturating_add(1)),
                };
                (kind, from, to, number)
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        /// The rows of a condition and the parts of a key have one element in common where the
        /// value is accepted, and none where it is not.
        #[test]
        fn a_key_has_one_row_of_what_it_meets((kind, from, to, number) in case()) {
            let date = |days: u32| Date::from_days(days as u16);
            let (test, value, accepted) = match kind {
                0 => {
                    let test = Test::Integer { from, to };
                    (test, Value::Integer(number), from <= number && number <= to)
                }
                1 => {
                    let test = Test::Date { from: date(from), to: date(to) };
                    (test, Value::Date(date(number)), from <= number && number <= to)
                }
                2 => {
                    let value = Value::Choice(choice(number as u16));
                    (Test::Is(choice(from as u16)), value, from == number)
                }
                _ => {
                    let value = Value::Choice(choice(number as u16));
                    (Test::IsNot(choice(from as u16)), value, from != number)
                }
            };
            prop_assert_eq!(test.accepts(&value), accepted);
            let label = Name::new("n").unwrap();
            let width = usize::from(test.domain().width());
            let condition = Condition::value(label.clone(), test);
            let rows = condition.elements();
            prop_assert_eq!(rows.len(), condition.rows());
            prop_assert!(rows.len() <= 2 * width - 2);
            let mine: Vec<_> = Element::of_value(&label, &value).collect();
            prop_assert_eq!(mine.len(), width + 1);
            let shared = mine.iter().filter(|element| rows.contains(element)).count();
            prop_assert_eq!(shared, usize::from(accepted));
        }
    }
}
