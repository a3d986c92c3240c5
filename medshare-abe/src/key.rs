//! The authority's secret and the keys that it issues.

use core::fmt;
use std::collections::BTreeMap;

use ark_ec::CurveGroup;
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::encoding::{decode_g1, decode_g2, encode_g1, encode_g2};
use medshare_curve::scalar::random_scalar;
use medshare_curve::{G1Affine, G2Affine, Scalar, comb, mul, pairing};
use medshare_types::{Digest, G1Bytes, G2Bytes, RandomSource, Wire, wire};
use zeroize::{Zeroize, Zeroizing};

use crate::attribute::{Attribute, AttributeSet};
use crate::error::KeyError;
use crate::parameters::PublicParameters;
use crate::points::{attribute_point, base, base_mul};

/// The most attributes of one key.
pub const MAX_KEY_ATTRIBUTES: usize = 1024;

/// α·g1. Whoever has it reads everything; it never leaves the authority.
pub struct MasterSecretKey {
    alpha_g1: Zeroizing<G1Affine>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct EncodedMaster {
    alpha_g1: G1Bytes,
}

impl Wire for EncodedMaster {
    const KIND: [u8; 4] = *b"mMSK";
    const MAX_LEN: usize = 128;
}

impl MasterSecretKey {
    /// Draws α and makes an authority: E = α·e(g1, g2). α itself is forgotten.
    #[must_use]
    pub fn setup(rng: &mut impl RandomSource) -> (PublicParameters, Self) {
        let alpha = Zeroizing::new(random_scalar(rng));
        let alpha_g1 = blinded(&alpha, comb::g1_generator_mul, rng);
        let e = pairing::pairing(&alpha_g1, &pairing::g2());
        let master = Self {
            alpha_g1: Zeroizing::new(alpha_g1),
        };
        (PublicParameters::new(e), master)
    }

    /// Issues a key for a set of attributes, with an r of its own:
    /// K1 = α·g1 + r·B, K_u = r·H(u), K3 = r·g2.
    ///
    /// Cost: for each attribute a hash to G1, a blinded multiplication and a share of the final
    /// check, which also finds parameters that are not this authority's.
    ///
    /// # Errors
    /// [`KeyError::AttributeCount`], or [`KeyError::Inconsistent`] under other parameters.
    ///
    /// # Security
    /// r is drawn anew for every key. Two keys that shared it could be pooled, and a known r gives
    /// α·g1 away; multiplications by r are blinded.
    pub fn issue(
        &self,
        parameters: &PublicParameters,
        attributes: &AttributeSet,
        rng: &mut impl RandomSource,
    ) -> Result<UserSecretKey, KeyError> {
        check_count(attributes.len())?;
        let r = Zeroizing::new(random_scalar(rng));
        let mut parts = BTreeMap::new();
        for attribute in attributes {
            let point = attribute_point(attribute);
            let secret = mul::mul_secret(&point, &r, rng).into_affine();
            parts.insert(attribute.clone(), KeyPart { point, secret });
        }
        let key = UserSecretKey {
            parameters: parameters.digest(),
            k1: (*self.alpha_g1 + blinded(&r, base_mul, rng)).into_affine(),
            k3: blinded(&r, comb::g2_generator_mul, rng),
            parts,
            rejection: Zeroizing::new(rng.array()),
        };
        key.checked(parameters, rng)
    }

    /// The canonical bytes, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut encoded = EncodedMaster {
            alpha_g1: encode_g1(&self.alpha_g1),
        };
        // 54 bytes: the vector is not moved while it grows, so no copy is left behind.
        let bytes = Zeroizing::new(encoded.to_wire());
        encoded.alpha_g1.0.zeroize();
        bytes
    }

    /// Parses the canonical bytes.
    ///
    /// # Errors
    /// [`KeyError::Decode`] or [`KeyError::Point`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut encoded = EncodedMaster::from_wire(bytes)?;
        let alpha_g1 = Zeroizing::new(decode_g1(&encoded.alpha_g1)?);
        encoded.alpha_g1.0.zeroize();
        Ok(Self { alpha_g1 })
    }
}

impl fmt::Debug for MasterSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSecretKey(secret)")
    }
}

/// A person's key for a set of attributes. Erased when dropped, never printed.
pub struct UserSecretKey {
    /// H(pp) of the authority.
    parameters: Digest,
    k1: G1Affine,
    k3: G2Affine,
    parts: BTreeMap<Attribute, KeyPart>,
    /// σ: what rejected headers decapsulate to depends on it. Never stored: every copy of a key
    /// that is read in gets its own.
    rejection: Zeroizing<[u8; 32]>,
}

pub(crate) struct KeyPart {
    /// H(u): kept, because decapsulation needs it for the rows it reads.
    pub(crate) point: G1Affine,
    /// K_u.
    pub(crate) secret: G1Affine,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct EncodedKey {
    parameters: Digest,
    k1: G1Bytes,
    k3: G2Bytes,
    parts: BTreeMap<Attribute, G1Bytes>,
}

impl Wire for EncodedKey {
    const KIND: [u8; 4] = *b"mUSK";
    const MAX_LEN: usize = 1 << 19;
}

impl Drop for EncodedKey {
    fn drop(&mut self) {
        self.k1.0.zeroize();
        self.parts.values_mut().for_each(|part| part.0.zeroize());
    }
}

impl UserSecretKey {
    /// The attributes that it is for.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.parts.keys()
    }

    /// H(pp) of the authority that issued it.
    #[must_use]
    pub const fn parameters(&self) -> Digest {
        self.parameters
    }

    /// The canonical bytes, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let names: usize = self
            .parts
            .keys()
            .map(|attribute| attribute.name().len())
            .sum();
        // Written by hand at its full size: a vector that grows leaves copies of secrets behind.
        let length = 6 + 32 + 48 + 96 + 4 + self.parts.len() * (4 + 48) + names;
        let mut out = Zeroizing::new(Vec::with_capacity(length));
        out.extend_from_slice(&EncodedKey::KIND);
        out.extend_from_slice(&[wire::VERSION, wire::SUITE]);
        out.extend_from_slice(self.parameters.as_bytes());
        out.extend_from_slice(Zeroizing::new(encode_g1(&self.k1).0).as_slice());
        out.extend_from_slice(&encode_g2(&self.k3).0);
        out.extend_from_slice(&(self.parts.len() as u32).to_le_bytes());
        for (attribute, part) in &self.parts {
            out.extend_from_slice(&(attribute.name().len() as u32).to_le_bytes());
            out.extend_from_slice(attribute.name().as_bytes());
            out.extend_from_slice(Zeroizing::new(encode_g1(&part.secret).0).as_slice());
        }
        out
    }

    /// Parses the canonical bytes and checks the key: every point in its subgroup and not the
    /// identity, and e(K1, g2) = E + e(B, K3), e(K_u, g2) = e(H(u), K3) for every u, all in one
    /// equation with random 128-bit weights.
    ///
    /// Cost: for each attribute a hash to G1, a decoding and two short multiplications.
    ///
    /// # Errors
    /// [`KeyError`]: other authority, bytes that are no key, parts that do not belong together.
    pub fn from_bytes(
        bytes: &[u8],
        parameters: &PublicParameters,
        rng: &mut impl RandomSource,
    ) -> Result<Self, KeyError> {
        let encoded = EncodedKey::from_wire(bytes)?;
        if encoded.parameters != parameters.digest() {
            return Err(KeyError::OtherAuthority);
        }
        check_count(encoded.parts.len())?;
        let mut parts = BTreeMap::new();
        for (attribute, secret) in &encoded.parts {
            let part = KeyPart {
                point: attribute_point(attribute),
                secret: decode_g1(secret)?,
            };
            parts.insert(attribute.clone(), part);
        }
        let key = Self {
            parameters: encoded.parameters,
            k1: decode_g1(&encoded.k1)?,
            k3: decode_g2(&encoded.k3)?,
            parts,
            rejection: Zeroizing::new(rng.array()),
        };
        key.checked(parameters, rng)
    }

    pub(crate) fn part(&self, attribute: &Attribute) -> Option<&KeyPart> {
        self.parts.get(attribute)
    }

    pub(crate) const fn k1(&self) -> G1Affine {
        self.k1
    }

    pub(crate) const fn k3(&self) -> G2Affine {
        self.k3
    }

    pub(crate) fn rejection(&self) -> &[u8; 32] {
        &self.rejection
    }

    /// e(K1 + Σ w_u·K_u, g2) = E + e(B + Σ w_u·H(u), K3).
    fn checked(
        self,
        parameters: &PublicParameters,
        rng: &mut impl RandomSource,
    ) -> Result<Self, KeyError> {
        let mut weight = || Scalar::from(u128::from_le_bytes(rng.array()));
        let weights: Vec<Scalar> = self.parts.iter().map(|_| weight()).collect();
        let secrets = Zeroizing::new(self.parts.values().map(|p| p.secret).collect::<Vec<_>>());
        let points: Vec<G1Affine> = self.parts.values().map(|part| part.point).collect();
        let left = mul::sum_of_products(&secrets, &weights) + self.k1;
        let right = mul::sum_of_products(&points, &weights) + base();
        let pairs = [
            (left.into_affine(), pairing::g2()),
            ((-right).into_affine(), self.k3),
        ];
        if pairing::multi_pairing(&pairs) == parameters.e() {
            Ok(self)
        } else {
            Err(KeyError::Inconsistent)
        }
    }
}

impl Drop for UserSecretKey {
    fn drop(&mut self) {
        self.k1.zeroize();
        self.parts
            .values_mut()
            .for_each(|part| part.secret.zeroize());
    }
}

impl fmt::Debug for UserSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.parts.keys().map(Attribute::to_string).collect();
        write!(f, "UserSecretKey({}; secret)", names.join(", "))
    }
}

fn check_count(count: usize) -> Result<(), KeyError> {
    if (1..=MAX_KEY_ATTRIBUTES).contains(&count) {
        Ok(())
    } else {
        Err(KeyError::AttributeCount {
            count,
            limit: MAX_KEY_ATTRIBUTES,
        })
    }
}

/// k·P as (k − β)·P + β·P with a fresh β: what meets the table are two uniform scalars.
fn blinded<G: CurveGroup<ScalarField = Scalar>>(
    secret: &Scalar,
    multiply: fn(&Scalar) -> G,
    rng: &mut impl RandomSource,
) -> G::Affine {
    let blind = Zeroizing::new(random_scalar(rng));
    let rest = Zeroizing::new(*secret - *blind);
    (multiply(&rest) + multiply(&blind)).into_affine()
}
