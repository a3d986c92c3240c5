//! The pairings of one header with the keys of several people, of which every reading is a sum.

use std::collections::BTreeMap;

use ark_ff::PrimeField;
use medshare_curve::{G1Affine, Gt, Scalar, pairing};

use super::formula::Reading;
use super::raw::{RawHeader, RawKey};

pub struct Pool {
    /// e(K1, C1) for each key.
    pub starts: Vec<Gt>,
    /// −e(C3_i, K3) for each key and row.
    rows: Vec<Vec<Gt>>,
    /// e(K_π(i), C2_ρ(i)) for each key and row.
    parts: Vec<Vec<Gt>>,
    weighted: BTreeMap<(Term, [u64; 4]), Gt>,
}

/// The keys that one row is read with: one gives K3, one the component of the row's name, if any.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    pub row: usize,
    pub k3: usize,
    pub part: Option<usize>,
}

impl Pool {
    /// For a header over names, one for each row, and keys that have all of them.
    pub fn new(header: &RawHeader, leaves: &[&str], keys: &[&RawKey]) -> Self {
        let repeat = |i: usize| {
            leaves[..i]
                .iter()
                .filter(|leaf| **leaf == leaves[i])
                .count()
        };
        let part =
            |key: &RawKey, i: usize| pairing::pairing(&key.parts[leaves[i]], &header.c2[repeat(i)]);
        let row = |key: &RawKey, c3: &G1Affine| pairing::pairing(&-*c3, &key.k3);
        let starts = keys.iter().map(|key| pairing::pairing(&key.k1, &header.c1));
        let rows = keys
            .iter()
            .map(|key| header.c3.iter().map(|c3| row(key, c3)).collect());
        let parts = keys
            .iter()
            .map(|key| (0..leaves.len()).map(|i| part(key, i)).collect());
        Self {
            starts: starts.collect(),
            rows: rows.collect(),
            parts: parts.collect(),
            weighted: BTreeMap::new(),
        }
    }

    /// γ·(e(K_π(i), C2_ρ(i)) − e(C3_i, K3)).
    pub fn term(&mut self, term: Term, weight: Scalar) -> Gt {
        let weighted = self.weighted.entry((term, weight.into_bigint().0));
        *weighted.or_insert_with(|| {
            let row = self.rows[term.k3][term.row];
            let whole = term.part.map_or(row, |key| row + self.parts[key][term.row]);
            if weight == Scalar::from(1u64) {
                whole
            } else {
                whole * weight
            }
        })
    }

    /// The sum over a reading, with the K3 and the part that each row is given.
    pub fn sum(&mut self, reading: &Reading, whose: impl Fn(usize) -> Term) -> Gt {
        let mut terms = reading
            .iter()
            .map(|(row, weight)| self.term(whose(*row), *weight));
        let first = terms.next().unwrap_or_else(|| pairing::multi_pairing(&[]));
        terms.fold(first, |sum, term| sum + term)
    }

    /// s·E, as the first key finds it, which has to satisfy.
    pub fn mask(&mut self, header: &RawHeader, readings: &[Reading], secret: &[u8; 32]) -> Gt {
        let own = |row| Term {
            row,
            k3: 0,
            part: Some(0),
        };
        let start = self.starts[0];
        let mut sums = readings
            .iter()
            .map(|reading| start + self.sum(reading, own));
        let mask = sums.find(|gt| header.key_from(gt, b"aad") == *secret);
        mask.expect("who satisfies opens")
    }
}
