//! A holder's secrets: the key that dealt shares are encrypted to, and its share of a gate key.

use core::fmt;

use ark_ec::CurveGroup;
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::encoding::{decode_scalar, encode_g1, encode_scalar};
use medshare_curve::fixed_base::g1_generator_mul;
use medshare_curve::scalar::random_scalar;
use medshare_curve::{EncodingError, Scalar};
use medshare_types::{G1Bytes, GateKeyId, OrganisationId, RandomSource, Wire};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::gate::GateError;

/// The long-term key pair (h, H = h·g1) that dealers encrypt a holder's shares to.
#[derive(Clone)]
pub struct HolderKeyPair {
    secret: Zeroizing<Scalar>,
    public: G1Bytes,
}

impl HolderKeyPair {
    /// Draws h. Cost: one fixed-base product in G1.
    #[must_use]
    pub fn random(rng: &mut impl RandomSource) -> Self {
        Self::of_secret(Zeroizing::new(random_scalar(rng)))
    }

    /// Restores a stored pair.
    ///
    /// # Errors
    /// [`EncodingError`] unless the bytes are a reduced scalar, not zero.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, EncodingError> {
        Ok(Self::of_secret(nonzero_scalar(bytes)?))
    }

    /// The secret h, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(encode_scalar(&self.secret))
    }

    /// H = h·g1, which dealers encrypt to.
    #[must_use]
    pub const fn public(&self) -> G1Bytes {
        self.public
    }

    pub(crate) fn secret(&self) -> &Scalar {
        &self.secret
    }

    fn of_secret(secret: Zeroizing<Scalar>) -> Self {
        let public = encode_g1(&g1_generator_mul(&secret).into_affine());
        Self { secret, public }
    }
}

impl fmt::Debug for HolderKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HolderKeyPair({:?}, secret)", self.public)
    }
}

/// x_i: one holder's share of one generation of one gate key.
#[derive(Clone)]
pub struct HolderShare {
    key: GateKeyId,
    generation: u32,
    holder: OrganisationId,
    secret: Zeroizing<Scalar>,
}

impl HolderShare {
    pub(crate) const fn new(
        key: GateKeyId,
        generation: u32,
        holder: OrganisationId,
        secret: Zeroizing<Scalar>,
    ) -> Self {
        Self {
            key,
            generation,
            holder,
            secret,
        }
    }

    /// Restores a stored share.
    ///
    /// # Errors
    /// [`GateError::Undecodable`] or [`GateError::InvalidShare`] unless the bytes are those of
    /// [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, GateError> {
        let stored =
            StoredShare::from_wire(bytes).map_err(|source| GateError::Undecodable { source })?;
        let secret =
            nonzero_scalar(&stored.secret).map_err(|source| GateError::InvalidShare { source })?;
        Ok(Self::new(
            stored.key,
            stored.generation,
            stored.holder,
            secret,
        ))
    }

    /// The share in an envelope of its own, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let stored = StoredShare {
            key: self.key,
            generation: self.generation,
            holder: self.holder,
            secret: encode_scalar(&self.secret),
        };
        Zeroizing::new(stored.to_wire())
    }

    /// Id of the gate key.
    #[must_use]
    pub const fn key(&self) -> &GateKeyId {
        &self.key
    }

    /// Rises with every resharing of the key, from 0.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// The organisation that holds it.
    #[must_use]
    pub const fn holder(&self) -> OrganisationId {
        self.holder
    }

    pub(crate) fn secret(&self) -> &Scalar {
        &self.secret
    }
}

impl fmt::Debug for HolderShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            generation,
            holder,
            ..
        } = self;
        write!(
            f,
            "HolderShare({key:?}, generation {generation}, {holder:?}, secret)"
        )
    }
}

#[derive(BorshSerialize, BorshDeserialize, Zeroize, ZeroizeOnDrop)]
struct StoredShare {
    #[zeroize(skip)]
    key: GateKeyId,
    generation: u32,
    #[zeroize(skip)]
    holder: OrganisationId,
    secret: [u8; 32],
}

impl Wire for StoredShare {
    const KIND: [u8; 4] = *b"mHSH";
    const MAX_LEN: usize = 128;
}

fn nonzero_scalar(bytes: &[u8; 32]) -> Result<Zeroizing<Scalar>, EncodingError> {
    let secret = Zeroizing::new(decode_scalar(bytes)?);
    if *secret == Scalar::from(0u64) {
        return Err(EncodingError::Identity);
    }
    Ok(secret)
}
