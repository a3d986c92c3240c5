//! The reader's session secret: shares are blinded for its public point, so no other party can use
//! them.

use core::fmt;

use ark_ec::CurveGroup;
use medshare_curve::encoding::encode_g1;
use medshare_curve::fixed_base::g1_generator_mul;
use medshare_curve::scalar::random_scalar;
use medshare_curve::{Scalar, schnorr};
use medshare_types::consent::{AccessRequest, ProofOfKnowledge};
use medshare_types::{G1Bytes, RandomSource};
use zeroize::Zeroizing;

/// z, fresh for one request, erased when dropped; R = z·g1.
pub struct SessionSecret {
    secret: Zeroizing<Scalar>,
    public: G1Bytes,
}

impl SessionSecret {
    /// Draws z. Cost: one fixed-base product.
    #[must_use]
    pub fn new(rng: &mut impl RandomSource) -> Self {
        let secret = Zeroizing::new(random_scalar(rng));
        let public = encode_g1(&g1_generator_mul(&secret).into_affine());
        Self { secret, public }
    }

    /// R, for the request's `session`.
    #[must_use]
    pub const fn public(&self) -> G1Bytes {
        self.public
    }

    /// Proves knowledge of z, bound to the whole request.
    ///
    /// It verifies (`medshare_curve::schnorr::verify` of `request.session` and
    /// `request.digest()`) only when the request's `session` is [`Self::public`].
    #[must_use]
    pub fn prove(&self, request: &AccessRequest, rng: &mut impl RandomSource) -> ProofOfKnowledge {
        schnorr::prove(&self.secret, &request.digest(), rng)
    }

    pub(crate) fn secret(&self) -> &Scalar {
        &self.secret
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionSecret({:?}, secret)", self.public)
    }
}
