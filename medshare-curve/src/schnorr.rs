//! Schnorr's proof of knowledge of z in R = z·g1, bound to a context.
//!
//! T = τ·g1, c = XOF(tag ‖ context ‖ R ‖ T) reduced modulo r, y = τ + c·z; accepted when
//! y·g1 − c·R = T. Zero-knowledge and sound in the random-oracle model (Pointcheval–Stern, J.
//! Cryptology 13, 2000); R is in the hash, so a proof cannot be moved to a related key.

use ark_ec::{AffineRepr, CurveGroup};
use medshare_types::consent::ProofOfKnowledge;
use medshare_types::hash::Xof;
use medshare_types::point::ScalarBytes;
use medshare_types::{Digest, G1Bytes, RandomSource};
use zeroize::Zeroizing;

use crate::encoding::{decode_g1, decode_scalar, encode_g1, encode_scalar};
use crate::fixed_base::g1_generator_mul;
use crate::mul::mul_public;
use crate::scalar::{random_scalar, wide_reduce};
use crate::{G1Affine, Scalar};

const CHALLENGE_TAG: &str = "medshare/curve/schnorr/v1";

/// Proves knowledge of the secret z of R = z·g1. Cost: two fixed-base products.
///
/// # Security
/// Variable time in the secret and in the fresh τ: only for session secrets that are used once.
#[must_use]
pub fn prove(secret: &Scalar, context: &Digest, rng: &mut impl RandomSource) -> ProofOfKnowledge {
    let public = encode_g1(&g1_generator_mul(secret).into_affine());
    let nonce = Zeroizing::new(random_scalar(rng));
    let commitment = encode_g1(&g1_generator_mul(&nonce).into_affine());
    let response = *nonce + challenge(context, &public, &commitment) * secret;
    ProofOfKnowledge {
        commitment,
        response: ScalarBytes(encode_scalar(&response)),
    }
}

/// Checks a proof: R is a point of G1 and not the identity, y is reduced, and y·g1 − c·R = T.
///
/// Cost: decoding R, one fixed-base and one variable product.
#[must_use]
pub fn verify(public: &G1Bytes, context: &Digest, proof: &ProofOfKnowledge) -> bool {
    let (Ok(point), Ok(response)) = (decode_g1(public), decode_scalar(&proof.response.0)) else {
        return false;
    };
    let challenge = challenge(context, public, &proof.commitment);
    let expected = g1_generator_mul(&response) - mul_public(&point, &challenge);
    // Comparing encodings spares decoding T: invalid bytes equal no encoding.
    let expected: G1Affine = expected.into_affine();
    !expected.is_zero() && encode_g1(&expected) == proof.commitment
}

fn challenge(context: &Digest, public: &G1Bytes, commitment: &G1Bytes) -> Scalar {
    let fields = [context.as_ref(), public.as_ref(), commitment.as_ref()];
    wide_reduce(&Xof::new(CHALLENGE_TAG, &fields).take())
}
