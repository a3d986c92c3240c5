//! Points of G1: hashing to them, B and its multiples, weighted sums.

use std::sync::OnceLock;

use ark_ff::{AdditiveGroup, Field, PrimeField};
use medshare_curve::fixed_base::FixedBase;
use medshare_curve::hash::{HashCache, hash_each_to_g1, hash_to_g1};
use medshare_curve::mul::sum_of_products;
use medshare_curve::{G1Affine, G1Projective, Scalar};

use zeroize::Zeroizing;

/// RFC 9380, section 3.1.
const DST: &[u8] = b"MEDSHARE-ABE-V01-CS01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";

const BASE_TAG: &str = "medshare/abe/base/v1";

/// Width of the table of B: 4096 points, 0.4 MiB.
const BASE_WIDTH: usize = 8;

/// Default capacity of the cache of public parameters, in points.
pub(crate) const CACHED_POINTS: usize = 4096;

/// Hashes inputs of [`hash_input`] to points of unknown discrete logarithm.
pub(crate) fn hash_to_points(inputs: &[Vec<u8>]) -> Vec<G1Affine> {
    hash_each_to_g1(DST, inputs)
}

/// A cache of such points.
pub(crate) const fn point_cache(capacity: usize) -> HashCache {
    HashCache::new(DST, capacity)
}

/// B = H(⊥), the base of every K1 and C3.
pub(crate) fn base() -> G1Affine {
    static BASE: OnceLock<G1Affine> = OnceLock::new();
    *BASE.get_or_init(|| hash_to_g1(DST, &hash_input(BASE_TAG, &[])))
}

/// k·B from a table: for scalars that are public or used once.
pub(crate) fn base_mul(scalar: &Scalar) -> G1Projective {
    base_table().mul(scalar)
}

/// k·B by [`FixedBase::mul_regular`], for secret scalars.
pub(crate) fn base_mul_regular(scalar: &Scalar) -> G1Projective {
    base_table().mul_regular(scalar)
}

fn base_table() -> &'static FixedBase<G1Projective> {
    static TABLE: OnceLock<FixedBase<G1Projective>> = OnceLock::new();
    TABLE.get_or_init(|| FixedBase::new(&base().into(), BASE_WIDTH))
}

/// Σ γ_i·P_i with public γ: additions where γ is ±1, and for the rest one chain of doublings, which
/// is short where all γ are small.
#[derive(Default)]
pub(crate) struct WeightedSum {
    units: G1Projective,
    points: Zeroizing<Vec<G1Affine>>,
    weights: Vec<Scalar>,
}

impl WeightedSum {
    pub(crate) fn add(&mut self, point: G1Affine, weight: &Scalar) {
        // The smaller of γ and −γ: a small negative number is a long scalar.
        let negated = -*weight;
        let (point, weight) = if negated.into_bigint() < weight.into_bigint() {
            (-point, negated)
        } else {
            (point, *weight)
        };
        if weight == Scalar::ONE {
            self.units += point;
        } else if weight != Scalar::ZERO {
            self.points.push(point);
            self.weights.push(weight);
        }
    }

    pub(crate) fn finish(self) -> G1Projective {
        self.units + sum_of_products(&self.points, &self.weights)
    }
}

/// The hash input for a tag and fields, each preceded by its length. Inputs of different tags
/// differ.
pub(crate) fn hash_input(tag: &str, fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    for bytes in core::iter::once(&tag.as_bytes()).chain(fields) {
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    }
    out
}
