//! Sharing of a gate's value among its operands, and the choice of rows that recover it.
//!
//! | gate | share of operand i of n | γ_i of the operands that are read |
//! |---|---|---|
//! | `or` | the value z | 1 |
//! | `and` | v_i; the last z − Σ v_j | 1 |
//! | k of n ≤ 16 | z/n! + Σ_{0<j<k} a_j·i^j | n!·Π_{m≠i} m/(m − i), an integer |
//! | k of n > 16 | z + Σ_{0<j<k} a_j·i^j | Π_{m≠i} m/(m − i) |
//!
//! v and a are fresh for every gate. Integer coefficients are short, so multiplying points by them
//! is cheap. Dividing the value by n! instead of multiplying the result keeps Σ γ_i·λ_i exactly the
//! secret, as the scheme requires.

use medshare_curve::Scalar;
use medshare_curve::scalar::{evaluate_polynomial, lagrange_at_zero};
use medshare_policy::element::Element;
use medshare_policy::{Operands, PolicyNode};
use zeroize::Zeroizing;

/// Up to this many operands the coefficients of a threshold are integers: n! has 45 bits.
const INTEGER_OPERANDS: usize = 16;

/// A row to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) row: usize,
    /// γ, the weight of the row.
    pub(crate) coefficient: Scalar,
}

/// Appends the shares of the rows below `node`: first what its own gate draws, then its operands.
pub(crate) fn share(
    node: PolicyNode<'_>,
    value: Scalar,
    draw: &mut impl FnMut() -> Scalar,
    shares: &mut Vec<Scalar>,
) {
    let (values, operands) = match node {
        // A comparison is an `or` of its elements.
        PolicyNode::Condition(condition) => {
            let rows = Element::of_condition(condition).len();
            return shares.extend(core::iter::repeat_n(value, rows));
        }
        PolicyNode::Any(operands) => (vec![value; operands.len()], operands),
        PolicyNode::All(operands) => {
            let mut values: Vec<Scalar> = (1..operands.len()).map(|_| draw()).collect();
            let rest = value - values.iter().sum::<Scalar>();
            values.push(rest);
            (values, operands)
        }
        PolicyNode::AtLeast { needed, operands } => {
            let constant = value / scale(operands.len());
            let drawn = (1..needed).map(|_| draw());
            let polynomial =
                Zeroizing::new(core::iter::once(constant).chain(drawn).collect::<Vec<_>>());
            let values = indices(operands.len())
                .map(|index| evaluate_polynomial(&polynomial, index))
                .collect();
            (values, operands)
        }
    };
    let values = Zeroizing::new(values);
    for (operand, value) in operands.zip(values.iter()) {
        share(operand, *value, draw, shares);
    }
}

/// The rows below `node` to read, if the elements held satisfy it.
pub(crate) fn select(
    node: PolicyNode<'_>,
    held: &impl Fn(&Element<'_>) -> bool,
    next_row: &mut usize,
) -> Option<Vec<Term>> {
    // Every operand is visited, or the rows after it would be counted wrongly.
    let mut choose = |operands: Operands<'_>| -> Vec<Option<Vec<Term>>> {
        operands
            .map(|operand| select(operand, held, next_row))
            .collect()
    };
    match node {
        PolicyNode::Condition(condition) => {
            let elements = Element::of_condition(condition);
            let first = *next_row;
            *next_row += elements.len();
            let row = first + elements.iter().position(held)?;
            let coefficient = Scalar::from(1u64);
            Some(vec![Term { row, coefficient }])
        }
        PolicyNode::All(operands) => {
            let chosen: Option<Vec<_>> = choose(operands).into_iter().collect();
            chosen.map(|terms| terms.concat())
        }
        PolicyNode::Any(operands) => choose(operands).into_iter().flatten().min_by_key(Vec::len),
        PolicyNode::AtLeast { needed, operands } => interpolate(choose(operands), needed),
    }
}

/// The `needed` operands with the fewest rows, each weighted by its Lagrange coefficient.
fn interpolate(chosen: Vec<Option<Vec<Term>>>, needed: usize) -> Option<Vec<Term>> {
    let scale = scale(chosen.len());
    let placed = indices(chosen.len()).zip(chosen);
    let mut able: Vec<(u64, Vec<Term>)> = placed
        .filter_map(|(index, terms)| Some((index, terms?)))
        .collect();
    if able.len() < needed {
        return None;
    }
    able.sort_by_key(|(_, terms)| terms.len());
    able.truncate(needed);
    able.sort_by_key(|(index, _)| *index);
    let read: Vec<u64> = able.iter().map(|(index, _)| *index).collect();
    let weighted = able.into_iter().zip(lagrange_at_zero(&read));
    let terms = weighted.flat_map(|((_, terms), weight)| {
        terms.into_iter().map(move |term| Term {
            coefficient: term.coefficient * weight * scale,
            ..term
        })
    });
    Some(terms.collect())
}

/// Indices of the operands: the polynomial is evaluated at them, and the value is at 0.
fn indices(operands: usize) -> core::ops::RangeInclusive<u64> {
    1..=operands as u64
}

/// Divisor of the value and factor of the coefficients: n!, or 1 for many operands.
fn scale(operands: usize) -> Scalar {
    if operands > INTEGER_OPERANDS {
        return Scalar::from(1u64);
    }
    indices(operands).map(Scalar::from).product()
}

#[cfg(test)]
mod tests;
