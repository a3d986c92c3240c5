//! The authority's secret, which issues keys.

use core::fmt;

use ark_ec::CurveGroup;
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::encoding::{decode_g1, encode_g1};
use medshare_curve::scalar::random_scalar;
use medshare_curve::{G1Affine, Scalar, fixed_base, pairing};
use medshare_policy::AttributeSet;
use medshare_types::{G1Bytes, RandomSource, Wire, wire};
use zeroize::{Zeroize, Zeroizing};

use crate::hedged::hedged_scalar;
use crate::scheme::error::KeyError;
use crate::scheme::key::{KeyBody, UserSecretKey};
use crate::scheme::parameters::PublicParameters;
use crate::scheme::validity::Validity;

const RANDOMNESS_TAG: &str = "medshare/abe/key-randomness/v1";

/// α·g1. Its holder reads every record sealed by attributes alone, so it must never leave the
/// authority. Erased when dropped, never printed.
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

impl Drop for EncodedMaster {
    fn drop(&mut self) {
        self.alpha_g1.0.zeroize();
    }
}

impl MasterSecretKey {
    /// Draws α and makes an authority: E = α·e(g1, g2). α itself is not kept.
    #[must_use]
    pub fn setup(rng: &mut impl RandomSource) -> (PublicParameters, Self) {
        let alpha = Zeroizing::new(random_scalar(rng));
        let alpha_g1 = fixed_base::g1_generator_mul_regular(&alpha).into_affine();
        let master = Self {
            alpha_g1: Zeroizing::new(alpha_g1),
        };
        (master.parameters(), master)
    }

    /// The public parameters of this key. Cost: one pairing.
    #[must_use]
    pub fn parameters(&self) -> PublicParameters {
        PublicParameters::new(pairing::pairing(&self.alpha_g1, &pairing::g2()))
    }

    /// Issues a key for a set of attributes and for sealing dates, with an r of its own:
    /// K1 = α·g1 + r·B, K_u = r·H(u), K3 = r·g2.
    ///
    /// Cost: for each component (one for a name, 33 for an integer, 17 for any other value, and
    /// those of the validity) a hash to G1 and a multiplication; two pairings, to detect another
    /// authority's parameters. The components are not checked here, but when the key is imported.
    ///
    /// # Errors
    /// [`KeyError::AttributeCount`], [`KeyError::ConflictingValues`] for two values of one label,
    /// or [`KeyError::OtherAuthority`] under other parameters.
    ///
    /// # Security
    /// r = XOF(α·g1 ‖ attributes and validity ‖ 32 fresh bytes) modulo r. Two keys with one r could
    /// be pooled, and an attacker that knows r computes α·g1. A random source that repeats itself, or
    /// that others know, causes neither, except for two keys with equal attributes and validity.
    /// Multiplications by r take the same steps whatever its value
    /// ([`mul_regular`](medshare_curve::mul::mul_regular)).
    pub fn issue(
        &self,
        parameters: &PublicParameters,
        attributes: &AttributeSet,
        validity: Validity,
        rng: &mut impl RandomSource,
    ) -> Result<UserSecretKey, KeyError> {
        let r = self.randomness(attributes, validity, rng);
        KeyBody::generate(&self.alpha_g1, &r, attributes, validity)?.issued(parameters, rng)
    }

    pub(crate) fn randomness(
        &self,
        attributes: &AttributeSet,
        validity: Validity,
        rng: &mut impl RandomSource,
    ) -> Zeroizing<Scalar> {
        let secret = Zeroizing::new(encode_g1(&self.alpha_g1).0);
        let purpose = wire::to_borsh(&(attributes, validity));
        hedged_scalar(RANDOMNESS_TAG, &[secret.as_slice(), &purpose], rng)
    }

    pub(crate) fn alpha_g1(&self) -> &G1Affine {
        &self.alpha_g1
    }

    /// The canonical bytes, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let alpha_g1 = encode_g1(&self.alpha_g1);
        EncodedMaster { alpha_g1 }.to_secret_wire()
    }

    /// Parses the canonical bytes.
    ///
    /// # Errors
    /// [`KeyError::Decode`] or [`KeyError::Point`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let encoded = EncodedMaster::from_wire(bytes)?;
        let alpha_g1 = Zeroizing::new(decode_g1(&encoded.alpha_g1)?);
        Ok(Self { alpha_g1 })
    }
}

impl fmt::Debug for MasterSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSecretKey(secret)")
    }
}
