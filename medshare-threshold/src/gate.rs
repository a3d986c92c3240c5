//! Sealing of a label to a gate key: Boneh–Franklin with the label as identity.
//!
//! ```text
//! Q = H(L) ∈ G1, ρ random, U = ρ·g2
//! K_gate = XOF(tag ‖ e(Q, Y)^ρ ‖ H(L)), where e(Q, Y)^ρ = e(ρ·Q, Y) = e(x·Q, U)
//! ```

use core::fmt;

use ark_ec::CurveGroup;
use medshare_curve::encoding::{decode_g2, encode_g2, encode_gt};
use medshare_curve::fixed_base::g2_generator_mul;
use medshare_curve::hash::hash_to_g1;
use medshare_curve::mul::mul_public;
use medshare_curve::pairing::pairing;
use medshare_curve::scalar::random_scalar;
use medshare_curve::{EncodingError, G1Affine, G2Affine, Scalar};
use medshare_types::hash::Xof;
use medshare_types::{DecodeError, G2Bytes, GateKey, GateLabel, RandomSource, Wire};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const LABEL_DST: &[u8] = b"medshare/threshold/gate-label/v1/BLS12381G1_XMD:SHA-256_SSWU_RO_";
const FACTOR_TAG: &str = "medshare/threshold/gate-factor/v1";

/// The randomness of one label: ρ, used for one factor and erased.
pub struct GateSealer {
    secret: Zeroizing<Scalar>,
    u: G2Bytes,
}

impl GateSealer {
    /// Draws ρ. Cost: one fixed-base product in G2.
    #[must_use]
    pub fn new(rng: &mut impl RandomSource) -> Self {
        let secret = Zeroizing::new(random_scalar(rng));
        let u = encode_g2(&g2_generator_mul(&secret).into_affine());
        Self { secret, u }
    }

    /// U = ρ·g2, a field of the label.
    #[must_use]
    pub const fn u(&self) -> G2Bytes {
        self.u
    }

    /// Derives K_gate of the label that holds U.
    ///
    /// Cost: one hash to G1, one product, one pairing.
    ///
    /// # Errors
    /// [`GateError::LabelMismatch`] when the label names another key, class or U, and
    /// [`GateError::InvalidKey`].
    ///
    /// # Security
    /// Take the key from verified state: a party that chooses Y can open the label.
    pub fn factor(self, key: &GateKey, label: &GateLabel) -> Result<GateFactor, GateError> {
        let matches = [
            ("key", label.key == key.id),
            ("class", label.context.class == key.class),
            ("U", label.u == self.u),
        ];
        if let Some((field, _)) = matches.into_iter().find(|(_, same)| !same) {
            return Err(GateError::LabelMismatch { field });
        }
        let public = decode_g2(&key.public).map_err(|source| GateError::InvalidKey { source })?;
        // ρ is used for this label alone, so variable time is acceptable.
        let point = Zeroizing::new(mul_public(&label_point(label), &self.secret).into_affine());
        Ok(GateFactor::derive(&point, &public, label))
    }
}

impl fmt::Debug for GateSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GateSealer({:?}, secret)", self.u)
    }
}

/// K_gate, 32 bytes: the factor of a record's key that the gate withholds. Compared in constant
/// time.
#[derive(Clone)]
pub struct GateFactor(Zeroizing<[u8; 32]>);

impl GateFactor {
    /// Input of the derivation of a key-encryption key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// XOF(tag ‖ e(P, Q) ‖ H(L)).
    pub(crate) fn derive(p: &G1Affine, q: &G2Affine, label: &GateLabel) -> Self {
        let value = Zeroizing::new(encode_gt(&pairing(p, q)));
        let label = label.digest();
        let fields: [&[u8]; 2] = [value.as_slice(), label.as_ref()];
        Self(Zeroizing::new(Xof::new(FACTOR_TAG, &fields).take()))
    }
}

impl PartialEq for GateFactor {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for GateFactor {}

impl fmt::Debug for GateFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GateFactor(secret)")
    }
}

/// Q = H(L): the label's canonical bytes hashed to G1.
pub fn label_point(label: &GateLabel) -> G1Affine {
    hash_to_g1(LABEL_DST, &label.to_wire())
}

/// A label that cannot be sealed, or a permitted share that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum GateError {
    /// The label names another key, class or U than the sealer's.
    #[error("the label's {field} is not the one sealed to")]
    LabelMismatch { field: &'static str },
    /// Y is not a valid G2 point, or is the identity.
    #[error("the gate key is invalid")]
    InvalidKey { source: EncodingError },
    /// The permit is for another key or generation than the holder's share.
    #[error("this holder's share is of another key or generation")]
    WrongKey,
    /// The ticket's R is not a valid G1 point, or is the identity.
    #[error("the ticket's session key is invalid")]
    InvalidSession { source: EncodingError },
    /// The bytes are not the envelope of a stored share.
    #[error("not a stored share")]
    Undecodable { source: DecodeError },
    /// The share's secret is zero, or not reduced.
    #[error("the stored share is not a scalar")]
    InvalidShare { source: EncodingError },
}
