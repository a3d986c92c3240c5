//! The scheme's algebra on bare points, which knows nothing of satisfaction or of checks.

use std::collections::BTreeMap;

use ark_ec::CurveGroup;
use borsh::BorshDeserialize;
use medshare_abe::{Header, UserSecretKey};
use medshare_curve::encoding::{decode_g1, decode_g2, encode_gt};
use medshare_curve::mul::sum_of_products;
use medshare_curve::{G1Affine, G2Affine, Gt, pairing};
use medshare_types::hash::{self, Xof};
use medshare_types::{G1Bytes, G2Bytes};

use super::formula::Reading;

/// A user's key as points, read from its bytes.
pub struct RawKey {
    pub k1: G1Affine,
    pub k3: G2Affine,
    pub parts: BTreeMap<String, G1Affine>,
    /// The parts of each label's value, by the length of the prefix.
    pub values: BTreeMap<String, Vec<G1Affine>>,
    /// First and last day of the validity.
    pub validity: [u16; 2],
    /// One part for each prefix of the validity's cover, ascending.
    pub days: Vec<G1Affine>,
}

/// A value as it stands in a key.
#[derive(BorshDeserialize)]
#[allow(dead_code, reason = "read, and not looked at")]
enum RawValue {
    Integer(u32),
    Date(u16),
    Choice([u8; 32], u16, String),
}

impl RawKey {
    /// A key of names alone, without parts for any day.
    pub fn of_names(k1: G1Affine, k3: G2Affine, parts: BTreeMap<String, G1Affine>) -> Self {
        Self {
            k1,
            k3,
            parts,
            values: BTreeMap::new(),
            validity: [0, u16::MAX],
            days: Vec::new(),
        }
    }

    pub fn of(key: &UserSecretKey) -> Self {
        let bytes = key.to_bytes();
        let mut body = &bytes[6 + 32..];
        type Values = BTreeMap<String, (RawValue, Vec<G1Bytes>)>;
        type Points = (G1Bytes, G2Bytes, BTreeMap<String, G1Bytes>);
        let ((k1, k3, parts), values): (Points, Values) = BorshDeserialize::deserialize(&mut body)
            .expect("the layout of docs/spec/abe/formats.md");
        let (validity, days): ([u16; 2], Vec<G1Bytes>) = BorshDeserialize::deserialize(&mut body)
            .expect("the layout of docs/spec/abe/formats.md");
        assert!(body.is_empty());
        let points = |points: Vec<G1Bytes>| {
            points
                .iter()
                .map(|p| decode_g1(p).expect("in G1"))
                .collect()
        };
        let part = |(name, point)| (name, decode_g1(&point).expect("in G1"));
        Self {
            k1: decode_g1(&k1).expect("in G1"),
            k3: decode_g2(&k3).expect("in G2"),
            parts: parts.into_iter().map(part).collect(),
            values: values
                .into_iter()
                .map(|(label, (_, list))| (label, points(list)))
                .collect(),
            validity,
            days: points(days),
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
        type Points = (G2Bytes, Vec<G2Bytes>, Vec<G1Bytes>);
        let (_policy, _sealed_on, (c1, c2, c3), c4): (Vec<u8>, Option<u16>, Points, [u8; 32]) =
            BorshDeserialize::deserialize(&mut rest)
                .expect("the layout of docs/spec/abe/formats.md");
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

    /// A header whose points need not be any.
    pub fn unread(header: &Header) -> Self {
        let whole = header.to_bytes();
        let [c4_at, body_end] = [whole.len() - 32; 2];
        Self {
            c1: pairing::g2(),
            c2: Vec::new(),
            c3: Vec::new(),
            c4: whole[c4_at..].try_into().expect("32 bytes"),
            body: whole[6..body_end].to_vec(),
            whole,
        }
    }

    /// Other points, for [`Self::product`]; the bytes stay.
    pub fn with_points(&self, c1: G2Affine, c2: &[G2Affine], c3: &[G1Affine]) -> Self {
        Self {
            c1,
            c2: c2.to_vec(),
            c3: c3.to_vec(),
            c4: self.c4,
            body: self.body.clone(),
            whole: self.whole.clone(),
        }
    }

    /// The key that this element of GT, taken for s·E, unmasks.
    pub fn key_from(&self, masking: &Gt, aad: &[u8]) -> [u8; 32] {
        self.accepted(&self.message(masking), aad)
    }

    /// The key that this m gives, if it is accepted.
    pub fn accepted(&self, message: &[u8; 32], aad: &[u8]) -> [u8; 32] {
        let header = hash::digest("medshare/abe/header/v1", &[&self.whole]);
        let aad = hash::digest("medshare/abe/aad/v1", &[aad]);
        let fields: [&[u8]; 3] = [message, header.as_ref(), aad.as_ref()];
        Xof::new("medshare/abe/key/v1", &fields).take()
    }

    /// m, if this is the mask.
    pub fn message(&self, masking: &Gt) -> [u8; 32] {
        masked(&self.c4, masking, &self.body)
    }

    /// The bytes of this header with a C4 from which this mask makes `message`: what a dishonest
    /// sealer can do, who knows both.
    pub fn carrying(&self, message: &[u8; 32], masking: &Gt) -> Vec<u8> {
        let mut bytes = self.whole.clone();
        let c4 = bytes.len() - 32;
        bytes[c4..].copy_from_slice(&masked(message, masking, &self.body));
        bytes
    }

    /// The bytes of this header with a change to its body, and C4 made anew so that this mask still
    /// makes the same message.
    pub fn resealed(&self, masking: &Gt, at: usize, bytes: &[u8]) -> Vec<u8> {
        let message = self.message(masking);
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
