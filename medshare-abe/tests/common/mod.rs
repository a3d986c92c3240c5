//! What the tests share: formulas that are evaluated without the crate, and the scheme's algebra
//! on bare points, which knows nothing of satisfaction or of checks.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    reason = "each test file is a crate of its own, uses a part of this, and fails by panicking"
)]

use std::collections::BTreeMap;

use ark_ec::CurveGroup;
use borsh::BorshDeserialize;
use medshare_abe::{AccessPolicy, AttributeSet, Header, UserSecretKey};
use medshare_curve::encoding::{decode_g1, decode_g2, encode_gt};
use medshare_curve::mul::sum_of_products;
use medshare_curve::{G1Affine, G2Affine, Gt, Scalar, pairing};
use medshare_types::hash::{self, Xof};
use medshare_types::{G1Bytes, G2Bytes};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn policy(text: &str) -> AccessPolicy {
    text.parse().expect("a policy")
}

pub fn attributes(text: &str) -> AttributeSet {
    text.parse().expect("a list of attributes")
}

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

/// The names whose bits are set.
pub fn subset<'n>(names: &[&'n str], bits: usize) -> Vec<&'n str> {
    let chosen = names.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
    chosen.map(|(_, name)| *name).collect()
}

/// A user's key as points, read from its bytes.
pub struct RawKey {
    pub k1: G1Affine,
    pub k3: G2Affine,
    pub parts: BTreeMap<String, G1Affine>,
}

impl RawKey {
    pub fn of(key: &UserSecretKey) -> Self {
        let bytes = key.to_bytes();
        let mut body = &bytes[6 + 32..];
        let (k1, k3, parts): (G1Bytes, G2Bytes, BTreeMap<String, G1Bytes>) =
            BorshDeserialize::deserialize(&mut body).expect("the layout of docs/spec/abe.md");
        assert!(body.is_empty());
        let part = |(name, point)| (name, decode_g1(&point).expect("in G1"));
        Self {
            k1: decode_g1(&k1).expect("in G1"),
            k3: decode_g2(&k3).expect("in G2"),
            parts: parts.into_iter().map(part).collect(),
        }
    }
}

/// C4 from m, or m from C4.
fn masked(bytes: &[u8; 32], masking: &Gt, body: &[u8]) -> [u8; 32] {
    let body = hash::digest("medshare/abe/header-body/v1", &[body]);
    let fields: [&[u8]; 2] = [&encode_gt(masking), body.as_ref()];
    let mut out: [u8; 32] = Xof::new("medshare/abe/mask/v1", &fields).take();
    out.iter_mut()
        .zip(bytes)
        .for_each(|(out, byte)| *out ^= byte);
    out
}

/// A header as points, read from its bytes.
pub struct RawHeader {
    pub c1: G2Affine,
    pub c2: Vec<G2Affine>,
    pub c3: Vec<G1Affine>,
    c4: [u8; 32],
    body: Vec<u8>,
    whole: Vec<u8>,
}

impl RawHeader {
    pub fn of(header: &Header) -> Self {
        let whole = header.to_bytes();
        let mut rest = &whole[6..];
        let (_policy, c1, c2, c3, c4): (Vec<u8>, G2Bytes, Vec<G2Bytes>, Vec<G1Bytes>, [u8; 32]) =
            BorshDeserialize::deserialize(&mut rest).expect("the layout of docs/spec/abe.md");
        assert!(rest.is_empty());
        Self {
            c1: decode_g2(&c1).expect("in G2"),
            c2: c2.iter().map(|p| decode_g2(p).expect("in G2")).collect(),
            c3: c3.iter().map(|p| decode_g1(p).expect("in G1")).collect(),
            c4,
            body: whole[6..whole.len() - 32].to_vec(),
            whole,
        }
    }

    /// The key that this element of GT, taken for s·E, unmasks.
    pub fn key_from(&self, masking: &Gt, aad: &[u8]) -> [u8; 32] {
        let message = masked(&self.c4, masking, &self.body);
        let header = hash::digest("medshare/abe/header/v1", &[&self.whole]);
        let aad = hash::digest("medshare/abe/aad/v1", &[aad]);
        let fields: [&[u8]; 3] = [&message, header.as_ref(), aad.as_ref()];
        Xof::new("medshare/abe/key/v1", &fields).take()
    }

    /// The bytes of this header with a change to its body, and C4 made anew so that s·E still
    /// unmasks the same m: what a dishonest sealer can do.
    pub fn resealed(&self, masking: &Gt, at: usize, bytes: &[u8]) -> Vec<u8> {
        let message = masked(&self.c4, masking, &self.body);
        let mut changed = self.whole.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        let (body, c4) = changed.split_at_mut(self.whole.len() - 32);
        c4.copy_from_slice(&masked(&message, masking, &body[6..]));
        changed
    }

    /// e(K1, C1) + Σ_j e(Σ γ_i·K_π(i), C2_j) − e(Σ γ_i·C3_i, K3) for one reading. A row whose key
    /// part is missing goes without it.
    pub fn product(&self, leaves: &[&str], key: &RawKey, reading: &Reading) -> Gt {
        let mut pairs = vec![(key.k1, self.c1)];
        let mut rows = Vec::new();
        for &(i, weight) in reading {
            let before = leaves[..i].iter().filter(|leaf| **leaf == leaves[i]);
            if let Some(part) = key.parts.get(leaves[i]) {
                let part = sum_of_products(&[*part], &[weight]).into_affine();
                pairs.push((part, self.c2[before.count()]));
            }
            rows.push((self.c3[i], weight));
        }
        let (points, weights): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let sum = -sum_of_products(&points, &weights);
        pairs.push((sum.into_affine(), key.k3));
        pairing::multi_pairing(&pairs)
    }

    /// Whether any of the readings gives the key that encapsulation gave.
    pub fn is_opened_by(
        &self,
        leaves: &[&str],
        readings: &[Reading],
        key: &RawKey,
        expected: &[u8; 32],
    ) -> bool {
        let mut products = readings.iter().map(|r| self.product(leaves, key, r));
        products.any(|gt| self.key_from(&gt, b"aad") == *expected)
    }
}

/// Every choice of rows, each with the coefficient 1.
pub fn choices(rows: usize) -> Vec<Reading> {
    let chosen = |bits: usize| (0..rows).filter(move |i| bits >> i & 1 == 1);
    let reading = |bits| chosen(bits).map(|row| (row, Scalar::from(1u64))).collect();
    (0..1 << rows).map(reading).collect()
}

/// A point of the curve outside G1, of an order that divides the cofactor.
pub fn torsion_g1() -> G1Affine {
    use ark_ff::PrimeField;
    let point = (1u64..)
        .filter_map(|x| G1Affine::get_point_from_x_unchecked(x.into(), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .expect("most points are outside G1");
    let order = Scalar::MODULUS;
    ark_ec::AffineRepr::mul_bigint(&point, order).into_affine()
}

/// A point of the twist outside G2.
pub fn outside_g2() -> G2Affine {
    (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(x.into(), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .expect("most points are outside G2")
}
