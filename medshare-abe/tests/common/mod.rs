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
use medshare_curve::{G1Affine, G2Affine, Gt, pairing};
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
}

impl Formula {
    pub fn is_true(&self, held: &[&str]) -> bool {
        match self {
            Self::Leaf(name) => held.contains(name),
            Self::And(parts) => parts.iter().all(|part| part.is_true(held)),
            Self::Or(parts) => parts.iter().any(|part| part.is_true(held)),
        }
    }

    pub fn leaves(&self) -> Vec<&'static str> {
        match self {
            Self::Leaf(name) => vec![name],
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::leaves).collect(),
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
        }
    }

    /// Every and/or formula whose leaves are these, in this order.
    pub fn all(leaves: &[&'static str]) -> Vec<Self> {
        let mut formulas = Self::rooted(leaves, true);
        if leaves.len() > 1 {
            formulas.extend(Self::rooted(leaves, false));
        }
        formulas
    }

    /// Those with that kind of gate at the top.
    fn rooted(leaves: &[&'static str], and: bool) -> Vec<Self> {
        if let [leaf] = leaves {
            return vec![Self::Leaf(leaf)];
        }
        let gate = if and { Self::And } else { Self::Or };
        Self::cut(leaves, !and).into_iter().map(gate).collect()
    }

    /// Every way to cut the leaves into two or more operands.
    fn cut(leaves: &[&'static str], and: bool) -> Vec<Vec<Self>> {
        let mut all = Vec::new();
        for first in 1..leaves.len() {
            let (head, rest) = leaves.split_at(first);
            let whole = Self::rooted(rest, and)
                .into_iter()
                .map(|operand| vec![operand]);
            let tails: Vec<Vec<Self>> = whole.chain(Self::cut(rest, and)).collect();
            for operand in Self::rooted(head, and) {
                for tail in &tails {
                    all.push([std::slice::from_ref(&operand), tail].concat());
                }
            }
        }
        all
    }
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

    /// e(K1, C1) + Σ over the chosen rows of e(K_π(i), C2_ρ(i)) − e(C3_i, K3), for every choice of
    /// rows. A row whose key part is missing goes without it.
    pub fn products(&self, leaves: &[&str], key: &RawKey) -> Vec<Gt> {
        let rows: Vec<Gt> = (0..leaves.len())
            .map(|i| {
                let occurrence = leaves[..i]
                    .iter()
                    .filter(|leaf| **leaf == leaves[i])
                    .count();
                let mut pairs = vec![(-self.c3[i], key.k3)];
                if let Some(part) = key.parts.get(leaves[i]) {
                    pairs.push((*part, self.c2[occurrence]));
                }
                pairing::multi_pairing(&pairs)
            })
            .collect();
        let start = pairing::pairing(&key.k1, &self.c1);
        let product = |choice: usize| {
            let chosen = rows
                .iter()
                .enumerate()
                .filter(|(i, _)| choice >> i & 1 == 1);
            chosen.fold(start, |sum, (_, row)| sum + row)
        };
        (0..1 << leaves.len()).map(product).collect()
    }

    /// Whether any choice of rows gives the key that encapsulation gave.
    pub fn is_opened_by(&self, leaves: &[&str], key: &RawKey, expected: &[u8; 32]) -> bool {
        let products = self.products(leaves, key);
        products
            .iter()
            .any(|gt| self.key_from(gt, b"aad") == *expected)
    }
}

/// A point of the curve outside G1, of an order that divides the cofactor.
pub fn torsion_g1() -> G1Affine {
    use ark_ff::PrimeField;
    let point = (1u64..)
        .filter_map(|x| G1Affine::get_point_from_x_unchecked(x.into(), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .expect("most points are outside G1");
    let order = medshare_curve::Scalar::MODULUS;
    ark_ec::AffineRepr::mul_bigint(&point, order).into_affine()
}

/// A point of the twist outside G2.
pub fn outside_g2() -> G2Affine {
    (1u64..)
        .filter_map(|x| G2Affine::get_point_from_x_unchecked(x.into(), false))
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .expect("most points are outside G2")
}
