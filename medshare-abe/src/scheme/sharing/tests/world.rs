//! The elements of GT within an attacker's reach, as linear algebra over monomials.
//!
//! An attacker that sees points of G1 and G2 whose discrete logarithms are polynomials in unknowns,
//! and treats the groups as black boxes, learns in GT the span of the products of one from each
//! group, and of the elements given in GT. So α·s, the mask, is safe from *all* such attackers, whatever coefficients
//! they choose, exactly if it is not in that span. Here the polynomials are written down from the
//! rows, the shares and the elements that the crate itself makes, for one header and any number of
//! keys:
//!
//! | group | points |
//! |---|---|
//! | G1 | 1, b, every h_u; λ_i·b + s'_ρ(i)·h_π(i); for each key α + r·b and r·h_u |
//! | G2 | 1, s, every s'_j; for each key r |
//! | GT | α |

use std::collections::BTreeMap;

use super::*;
use crate::scheme::structure::Row;

/// An unknown; 0 stands for the number 1.
pub(super) type Unknown = u16;
/// A product of three unknowns, in ascending order, 16 bits each.
pub(super) type Monomial = u64;
pub(super) type Polynomial = Vec<(Monomial, Scalar)>;

const UNIT: Unknown = 0;
pub(super) const ALPHA: Unknown = 1;
pub(super) const BASE: Unknown = 2;
const SECRET: Unknown = 3;
const FIRST_FREE: Unknown = 4;

/// The mask, α·s.
const MASK: Monomial = pack([UNIT, ALPHA, SECRET]);

/// What an attacker sees.
pub(super) struct World<'a> {
    next: Unknown,
    hashes: BTreeMap<Element<'a>, Unknown>,
    pub(super) g1: Vec<Polynomial>,
    /// Single unknowns.
    pub(super) g2: Vec<Unknown>,
}

impl<'a> World<'a> {
    pub(super) fn new(structure: &AccessStructure<'a>) -> Self {
        Self::with_rows(structure.rows(), &matrix(structure))
    }

    /// A header with these rows of M.
    pub(super) fn with_rows(rows: &[Row<'a>], matrix: &[Vec<Scalar>]) -> Self {
        let mut world = Self {
            next: FIRST_FREE,
            hashes: BTreeMap::new(),
            g1: vec![single(UNIT), single(BASE)],
            g2: vec![UNIT, SECRET],
        };
        let width = matrix.first().map_or(0, Vec::len);
        let drawn: Vec<Unknown> = (1..width).map(|_| world.fresh()).collect();
        let columns: Vec<Unknown> = [SECRET].into_iter().chain(drawn).collect();
        let multiplicity = rows.iter().map(|row| row.occurrence + 1).max();
        let repeats: Vec<Unknown> = (0..multiplicity.unwrap_or(0))
            .map(|_| world.fresh())
            .collect();
        world.g2.extend(&repeats);
        for (row, share) in rows.iter().zip(matrix) {
            let hash = world.hash(row.element);
            let share = columns.iter().zip(share);
            let share = share.map(|(column, entry)| (product(*column, BASE), *entry));
            let blinding = (product(repeats[row.occurrence], hash), ONE);
            let terms = share.chain([blinding]);
            world
                .g1
                .push(terms.filter(|(_, entry)| *entry != ZERO).collect());
        }
        world
    }

    /// A key with an r of its own, which is returned.
    pub(super) fn add_key(&mut self, elements: impl IntoIterator<Item = Element<'a>>) -> Unknown {
        let r = self.fresh();
        self.add_key_with(r, elements);
        r
    }

    /// A key with this r.
    pub(super) fn add_key_with(
        &mut self,
        r: Unknown,
        elements: impl IntoIterator<Item = Element<'a>>,
    ) {
        self.g2.push(r);
        self.g1
            .push(vec![(product(UNIT, ALPHA), ONE), (product(r, BASE), ONE)]);
        for element in elements {
            let hash = self.hash(element);
            self.g1.push(vec![(product(r, hash), ONE)]);
        }
    }

    /// Makes an unknown the number 1, as an attacker that knows it can.
    pub(super) fn reveal(&mut self, unknown: Unknown) {
        let known = |u: Unknown| if u == unknown { UNIT } else { u };
        for (monomial, _) in self.g1.iter_mut().flatten() {
            *monomial = sorted(unpack(*monomial).map(known));
        }
        self.g2.iter_mut().for_each(|u| *u = known(*u));
    }

    fn fresh(&mut self) -> Unknown {
        self.next += 1;
        self.next - 1
    }

    /// The unknown h of an element; H of it is seen from now on.
    pub(super) fn hash(&mut self, element: Element<'a>) -> Unknown {
        if let Some(known) = self.hashes.get(&element) {
            return *known;
        }
        let hash = self.fresh();
        self.hashes.insert(element, hash);
        self.g1.push(single(hash));
        hash
    }

    /// Whether the mask is in the span of what can be had in GT.
    pub(super) fn gives_the_mask(&self) -> bool {
        let pairs = self
            .g1
            .iter()
            .flat_map(|p| self.g2.iter().map(move |q| (p, q)));
        let mut products: Vec<Polynomial> = pairs
            .map(|(p, q)| p.iter().map(|(m, c)| (times(*m, *q), *c)).collect())
            .collect();
        products.push(single(ALPHA));
        spans_mask(products)
    }
}

pub(super) fn single(unknown: Unknown) -> Polynomial {
    vec![(product(UNIT, unknown), ONE)]
}

pub(super) fn product(one: Unknown, other: Unknown) -> Monomial {
    sorted([UNIT, one, other])
}

/// A monomial of degree two or less times an unknown.
fn times(monomial: Monomial, unknown: Unknown) -> Monomial {
    let [unit, one, other] = unpack(monomial);
    assert_eq!(unit, UNIT);
    sorted([unknown, one, other])
}

fn sorted(mut unknowns: [Unknown; 3]) -> Monomial {
    unknowns.sort_unstable();
    pack(unknowns)
}

const fn pack([first, second, third]: [Unknown; 3]) -> Monomial {
    (first as u64) << 32 | (second as u64) << 16 | third as u64
}

const fn unpack(monomial: Monomial) -> [Unknown; 3] {
    [
        (monomial >> 32) as u16,
        (monomial >> 16) as u16,
        monomial as u16,
    ]
}

/// Whether the mask is a combination of the polynomials.
fn spans_mask(mut polynomials: Vec<Polynomial>) -> bool {
    // A monomial that only one polynomial has keeps that one out of every combination that gives
    // the mask. What is left when all such are gone is small.
    loop {
        let mut monomials: Vec<Monomial> = polynomials.iter().flatten().map(|(m, _)| *m).collect();
        monomials.sort_unstable();
        let alone = |m: &Monomial| {
            let first = monomials.partition_point(|other| other < m);
            *m != MASK && monomials.get(first + 1) != Some(m)
        };
        let before = polynomials.len();
        polynomials.retain(|polynomial| !polynomial.iter().any(|(m, _)| alone(m)));
        if polynomials.len() == before {
            monomials.dedup();
            return eliminate(&polynomials, &monomials);
        }
    }
}

/// The same, for polynomials in these monomials: those without the mask's are eliminated first.
fn eliminate(polynomials: &[Polynomial], monomials: &[Monomial]) -> bool {
    let others: Vec<&Monomial> = monomials.iter().filter(|m| **m != MASK).collect();
    let row = |polynomial: &Polynomial| {
        let mut row = vec![ZERO; 1 + others.len()];
        for (monomial, coefficient) in polynomial {
            let column = others.binary_search(&monomial).map_or(0, |place| place + 1);
            row[column] += coefficient;
        }
        row
    };
    spans_secret(polynomials.iter().map(row).collect())
}
