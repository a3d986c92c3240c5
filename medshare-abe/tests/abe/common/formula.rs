//! Formulas that are evaluated and attacked without the crate.

use medshare_curve::Scalar;

/// A formula, evaluated and printed here.
#[derive(Clone, Debug)]
pub enum Formula {
    Leaf(&'static str),
    And(Vec<Self>),
    Or(Vec<Self>),
    Of(usize, Vec<Self>),
}

impl Formula {
    pub fn is_true(&self, held: &[&str]) -> bool {
        match self {
            Self::Leaf(name) => held.contains(name),
            Self::And(parts) => parts.iter().all(|part| part.is_true(held)),
            Self::Or(parts) => parts.iter().any(|part| part.is_true(held)),
            Self::Of(needed, parts) => {
                parts.iter().filter(|part| part.is_true(held)).count() >= *needed
            }
        }
    }

    pub fn leaves(&self) -> Vec<&'static str> {
        match self {
            Self::Leaf(name) => vec![name],
            Self::And(parts) | Self::Or(parts) | Self::Of(_, parts) => {
                parts.iter().flat_map(Self::leaves).collect()
            }
        }
    }

    pub fn text(&self) -> String {
        let join = |parts: &[Self], word: &str| {
            let parts: Vec<String> = parts
                .iter()
                .map(|part| format!("({})", part.text()))
                .collect();
            parts.join(word)
        };
        match self {
            Self::Leaf(name) => (*name).to_owned(),
            Self::And(parts) => join(parts, " and "),
            Self::Or(parts) => join(parts, " or "),
            Self::Of(needed, parts) => format!("{needed} of ({})", join(parts, ", ")),
        }
    }

    /// Every formula whose leaves are these, in this order, each in its canonical form only.
    pub fn all(leaves: &[&'static str]) -> Vec<Self> {
        if let [leaf] = leaves {
            return vec![Self::Leaf(leaf)];
        }
        let mut all = Vec::new();
        for operands in Self::cut(leaves) {
            all.extend((2..operands.len()).map(|needed| Self::Of(needed, operands.clone())));
            if !operands.iter().any(|o| matches!(o, Self::And(_))) {
                all.push(Self::And(operands.clone()));
            }
            if !operands.iter().any(|o| matches!(o, Self::Or(_))) {
                all.push(Self::Or(operands));
            }
        }
        all
    }

    /// Every way to cut the leaves into two or more operands.
    fn cut(leaves: &[&'static str]) -> Vec<Vec<Self>> {
        let mut all = Vec::new();
        for first in 1..leaves.len() {
            let (head, rest) = leaves.split_at(first);
            let whole = Self::all(rest).into_iter().map(|operand| vec![operand]);
            let tails: Vec<Vec<Self>> = whole.chain(Self::cut(rest)).collect();
            for operand in Self::all(head) {
                let one = std::slice::from_ref(&operand);
                all.extend(tails.iter().map(|tail| [one, tail].concat()));
            }
        }
        all
    }

    /// What an attacker would try: rows and coefficients for this formula, and for every weaker one
    /// in which thresholds need fewer or an `and` needs one operand, as if that were enough.
    pub fn readings(&self) -> Vec<Reading> {
        self.readings_from(&mut 0)
    }

    fn readings_from(&self, row: &mut usize) -> Vec<Reading> {
        let (needed, operands, interpolates) = match self {
            Self::Leaf(_) => {
                *row += 1;
                return vec![vec![(*row - 1, Scalar::from(1u64))]];
            }
            Self::Or(operands) => (1, operands, false),
            Self::And(operands) => (operands.len(), operands, false),
            Self::Of(needed, operands) => (*needed, operands, true),
        };
        let below: Vec<Vec<Reading>> = operands.iter().map(|o| o.readings_from(row)).collect();
        let mut all = Vec::new();
        for chosen in 1..1usize << below.len() {
            let places: Vec<usize> = (0..below.len()).filter(|i| chosen >> i & 1 == 1).collect();
            if places.len() > needed {
                continue;
            }
            let mut partial: Vec<Reading> = vec![Vec::new()];
            for &place in &places {
                let weight = if interpolates {
                    lagrange(place, &places, operands.len())
                } else {
                    Scalar::from(1u64)
                };
                let scaled = |(row, c): &(usize, Scalar)| (*row, *c * weight);
                let extend = |reading: &Reading| {
                    let options = below[place].iter();
                    let joined =
                        options.map(|o| [reading.clone(), o.iter().map(scaled).collect()].concat());
                    joined.collect::<Vec<_>>()
                };
                partial = partial.iter().flat_map(extend).collect();
            }
            all.extend(partial);
        }
        all
    }
}

/// Rows and coefficients.
pub type Reading = Vec<(usize, Scalar)>;

/// n!·Π m/(m − i) over the other places read; places count from 1.
fn lagrange(place: usize, places: &[usize], operands: usize) -> Scalar {
    let number = |n: usize| Scalar::from(n as u64);
    let others = places.iter().filter(|other| **other != place);
    let terms = others.map(|&other| number(other + 1) / (number(other) - number(place)));
    terms.product::<Scalar>() * (1..=operands).map(number).product::<Scalar>()
}

/// Every choice of rows, each with the coefficient 1.
pub fn choices(rows: usize) -> Vec<Reading> {
    let chosen = |bits: usize| (0..rows).filter(move |i| bits >> i & 1 == 1);
    let reading = |bits| chosen(bits).map(|row| (row, Scalar::from(1u64))).collect();
    (0..1 << rows).map(reading).collect()
}
