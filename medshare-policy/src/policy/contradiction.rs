//! Policies that no attributes meet.

use super::AccessPolicy;
use super::comparison::Comparison;
use super::condition::Condition;
use super::view::PolicyNode;

impl AccessPolicy {
    /// Returns true if the comparisons of an `and` exclude each other in every way to meet the policy,
    /// as in `n > 5 and n < 3`: a key has one value of a label. Looks at the operands of each `and`
    /// side by side, so false does not prove that a key can meet the policy. Cost: quadratic in the
    /// operands of an `and`.
    #[must_use]
    pub fn is_contradictory(&self) -> bool {
        !may_be_met(&self.node())
    }
}

fn may_be_met(node: &PolicyNode<'_>) -> bool {
    match node {
        PolicyNode::Condition(_) => true,
        PolicyNode::All(operands) => {
            let conditions: Vec<_> = operands.clone().filter_map(condition).collect();
            let agree = conditions.iter().enumerate().all(|(index, one)| {
                let mut others = conditions[index + 1..].iter();
                others.all(|other| !exclude_each_other(one, other))
            });
            agree && operands.clone().all(|operand| may_be_met(&operand))
        }
        PolicyNode::Any(operands) => operands.clone().any(|operand| may_be_met(&operand)),
        PolicyNode::AtLeast { needed, operands } => {
            let met = operands.clone().filter(may_be_met).count();
            met >= *needed
        }
    }
}

fn condition(node: PolicyNode<'_>) -> Option<&Condition> {
    match node {
        PolicyNode::Condition(condition) => Some(condition),
        _ => None,
    }
}

fn exclude_each_other(one: &Condition, other: &Condition) -> bool {
    use Comparison::{Date, Integer, Is, IsNot};
    if one.label().is_none() || one.label() != other.label() {
        return false;
    }
    match (one.comparison(), other.comparison()) {
        (
            Some(Integer { from, to }),
            Some(Integer {
                from: first,
                to: last,
            }),
        ) => from > last || first > to,
        (
            Some(Date { from, to }),
            Some(Date {
                from: first,
                to: last,
            }),
        ) => from > last || first > to,
        (Some(Is(one)), Some(Is(other))) => one != other,
        (Some(Is(one)), Some(IsNot(other))) | (Some(IsNot(other)), Some(Is(one))) => one == other,
        (Some(IsNot(_)), Some(IsNot(_))) | (None, _) | (_, None) => false,
        // A value is of one kind.
        (Some(_), Some(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_that_exclude_each_other_are_found() {
        for (text, expected) in [
            ("n > 5 and n < 3", true),
            ("n == 1 and a and n == 2", true),
            ("n >= 3 and n >= 2026-01-31", true),
            ("d < 2026-01-01 and d > 2026-01-31", true),
            ("a and (n > 5 and n < 3)", true),
            ("a or (n > 5 and n < 3)", false),
            ("(n > 5 and n < 3) or (m > 5 and m < 3)", true),
            ("2 of (a, b, (n > 5 and n < 3))", false),
            ("2 of (a, (n == 1 and n == 2), (n > 5 and n < 3))", true),
            ("n > 5 and m < 3", false),
            ("n >= 3 and n <= 3", false),
            ("n > 5 or n < 3", false),
            ("a and b", false),
        ] {
            let policy: AccessPolicy = text.parse().unwrap();
            assert_eq!(policy.is_contradictory(), expected, "{text}");
        }
    }
}
