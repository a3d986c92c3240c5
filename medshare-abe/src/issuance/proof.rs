//! Schnorr's proof of knowledge of z in R = z·e(g1, g2), bound to a context.
//!
//! τ = XOF(tag ‖ z ‖ context ‖ R ‖ 32 fresh bytes) and c = XOF(tag ‖ context ‖ R ‖ T) reduced
//! modulo r, T = τ·e(g1, g2), y = τ + c·z. The proof is
//! (c, y), accepted when T' = y·e(g1, g2) − c·R hashes to c: an element of GT is nine times as long
//! as both. Zero-knowledge and sound in the random-oracle model (Pointcheval–Stern, J. Cryptology
//! 13, 2000); R is in the hash, so a proof cannot be moved to a related element.

use ark_ec::CurveGroup;
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::encoding::{decode_scalar, encode_scalar};
use medshare_curve::fixed_base::{g1_generator_mul, g1_generator_mul_regular};
use medshare_curve::scalar::wide_reduce;
use medshare_curve::{G1Projective, Gt, Scalar, pairing};
use medshare_types::hash::Xof;
use medshare_types::point::ScalarBytes;
use medshare_types::{Digest, RandomSource};
use zeroize::Zeroizing;

use super::commitment::GtBytes;
use crate::hedged::hedged_scalar;

const NONCE_TAG: &str = "medshare/abe/constant-proof-nonce/v1";
const CHALLENGE_TAG: &str = "medshare/abe/constant-proof/v1";

/// A proof that the dealer knows the constant term of its polynomial.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct ConstantProof {
    challenge: ScalarBytes,
    response: ScalarBytes,
}

impl ConstantProof {
    /// Proves knowledge of z = `secret` in R = `public`. Cost: a fixed-base product, a pairing.
    ///
    /// # Security
    /// A τ that is known, or that serves two challenges, reveals z. Neither happens even where the
    /// random source repeats itself or is known to others: every input of the challenge is an input
    /// of τ, and z is secret.
    pub(super) fn new(
        secret: &Scalar,
        public: &GtBytes,
        context: &Digest,
        rng: &mut impl RandomSource,
    ) -> Self {
        let bytes = Zeroizing::new(encode_scalar(secret));
        let fields = [bytes.as_slice(), context.as_ref(), &public.0];
        let nonce = hedged_scalar(NONCE_TAG, &fields, rng);
        let challenge = challenge(context, public, &multiple(g1_generator_mul_regular(&nonce)));
        Self {
            challenge: ScalarBytes(encode_scalar(&challenge)),
            response: ScalarBytes(encode_scalar(&(*nonce + challenge * secret))),
        }
    }

    /// Checks the proof for R, which is in GT. Cost: a fixed-base product, a pairing and a
    /// multiplication in GT.
    pub(super) fn holds(&self, public: &Gt, context: &Digest) -> bool {
        let decode = |bytes: &ScalarBytes| decode_scalar(&bytes.0);
        let (Ok(sent), Ok(response)) = (decode(&self.challenge), decode(&self.response)) else {
            return false;
        };
        let commitment = multiple(g1_generator_mul(&response)) + *public * -sent;
        challenge(context, &GtBytes::of(public), &commitment) == sent
    }
}

/// z·e(g1, g2) from z·g1.
fn multiple(point: G1Projective) -> Gt {
    pairing::pairing(&Zeroizing::new(point.into_affine()), &pairing::g2())
}

fn challenge(context: &Digest, public: &GtBytes, commitment: &Gt) -> Scalar {
    let commitment = GtBytes::of(commitment);
    let fields = [context.as_ref(), &public.0, &commitment.0];
    wide_reduce(&Xof::new(CHALLENGE_TAG, &fields).take())
}
