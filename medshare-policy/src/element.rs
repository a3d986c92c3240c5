//! Elements: the names, prefixes of values and prefixes of dates that the encryption scheme hashes.

use crate::attribute::{Attribute, Kind};
use crate::date::Date;
use crate::name::Name;
use crate::policy::condition::Condition;
pub use crate::prefix::{Prefix, cover};
pub use crate::value::Domain;
use crate::value::Value;

/// A name, a prefix of a label's value, or a prefix of a sealing date.
///
/// Two elements are equal exactly when the bytes that the scheme hashes for them are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element<'a> {
    /// A name without a value.
    Name(&'a Name),
    /// One prefix of a value.
    Prefix {
        /// The label of the value.
        label: &'a Name,
        /// The kind of the value.
        domain: Domain,
        /// The prefix of the value's number.
        prefix: Prefix,
    },
    /// One prefix of a sealing date.
    Day(Prefix),
}

impl<'a> Element<'a> {
    /// The elements of an attribute, of which a key holds all.
    pub fn of_attribute(attribute: &'a Attribute) -> impl Iterator<Item = Self> {
        let (name, labelled) = match attribute.kind() {
            Kind::Name(name) => (Some(Self::Name(name)), None),
            Kind::Value { label, value } => (None, Some(Self::of_value(label, value))),
        };
        name.into_iter().chain(labelled.into_iter().flatten())
    }

    /// The elements of a label's value, from the empty prefix on.
    pub fn of_value(label: &'a Name, value: &Value) -> impl Iterator<Item = Self> + use<'a> {
        let domain = value.domain();
        value.prefixes().map(move |prefix| Self::Prefix {
            label,
            domain,
            prefix,
        })
    }

    /// The elements of a sealing date, from the empty prefix on.
    pub fn of_day(day: Date) -> impl Iterator<Item = Self> + use<'a> {
        Value::Date(day).prefixes().map(Self::Day)
    }

    /// The elements of a condition, each of which meets it: the rows that it adds to a policy.
    #[must_use]
    pub fn of_condition(condition: &'a Condition) -> Vec<Self> {
        match condition.kind() {
            Kind::Name(name) => vec![Self::Name(name)],
            Kind::Value { label, value } => {
                let domain = value.domain();
                let element = |prefix| Self::Prefix {
                    label,
                    domain,
                    prefix,
                };
                value.prefixes().into_iter().map(element).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::date::Date;
    use crate::policy::comparison::Comparison;
    use crate::value::{EnumValue, EnumerationId};

    fn enum_value(number: u16) -> EnumValue {
        EnumValue {
            enumeration: EnumerationId([7; 32]),
            number,
            name: Name::new("x").unwrap(),
        }
    }

    /// A kind of comparison, the two numbers that it is made of, and a number to try it on.
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
                // Most numbers are near an end of the range.
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

        /// The rows of a condition and the elements of a value have one element in common if the
        /// value is accepted, and none otherwise.
        #[test]
        fn a_value_has_one_row_of_each_condition_it_meets((kind, from, to, number) in case()) {
            let date = |days: u32| Date::from_days(days as u16);
            let (comparison, value, accepted) = match kind {
                0 => {
                    let comparison = Comparison::Integer { from, to };
                    (comparison, Value::Integer(number), from <= number && number <= to)
                }
                1 => {
                    let comparison = Comparison::Date { from: date(from), to: date(to) };
                    (comparison, Value::Date(date(number)), from <= number && number <= to)
                }
                2 => {
                    let value = Value::Enum(enum_value(number as u16));
                    (Comparison::Is(enum_value(from as u16)), value, from == number)
                }
                _ => {
                    let value = Value::Enum(enum_value(number as u16));
                    (Comparison::IsNot(enum_value(from as u16)), value, from != number)
                }
            };
            prop_assert_eq!(comparison.accepts(&value), accepted);
            let label = Name::new("n").unwrap();
            let width = usize::from(comparison.domain().width());
            let condition = Condition::value(label.clone(), comparison);
            let rows = Element::of_condition(&condition);
            prop_assert_eq!(rows.len(), condition.rows());
            prop_assert!(rows.len() <= 2 * width - 2);
            let mine: Vec<_> = Element::of_value(&label, &value).collect();
            prop_assert_eq!(mine.len(), width + 1);
            let shared = mine.iter().filter(|element| rows.contains(element)).count();
            prop_assert_eq!(shared, usize::from(accepted));
        }
    }
}
