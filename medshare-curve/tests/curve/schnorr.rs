//! The proof of knowledge: what verifies, and everything that must not.

use ark_ec::CurveGroup;
use ark_ff::{BigInteger, PrimeField};
use medshare_curve::encoding::encode_g1;
use medshare_curve::pairing::g1;
use medshare_curve::scalar::random_scalar;
use medshare_curve::schnorr::{prove, verify};
use medshare_curve::{G1Affine, Scalar};
use medshare_types::consent::ProofOfKnowledge;
use medshare_types::hash::digest;
use medshare_types::point::ScalarBytes;
use medshare_types::{Digest, G1Bytes};

use crate::samples::{curve_points, rng};

fn setting() -> (G1Bytes, Digest, ProofOfKnowledge) {
    let mut rng = rng(5);
    let secret = random_scalar(&mut rng);
    let context = digest("medshare/test", &[b"context"]);
    let proof = prove(&secret, &context, &mut rng);
    (encode_g1(&(g1() * secret).into_affine()), context, proof)
}

#[test]
fn a_proof_verifies_for_its_context_and_key_alone() {
    let (public, context, proof) = setting();
    assert!(verify(&public, &context, &proof));
    assert!(!verify(
        &public,
        &digest("medshare/test", &[b"another"]),
        &proof
    ));
    let other = encode_g1(&(g1() * Scalar::from(7u64)).into_affine());
    assert!(!verify(&other, &context, &proof));
}

#[test]
fn two_proofs_of_one_statement_differ() {
    let mut rng = rng(6);
    let context = Digest::ZERO;
    let first = prove(&Scalar::from(9u64), &context, &mut rng);
    let second = prove(&Scalar::from(9u64), &context, &mut rng);
    assert_ne!(first.commitment, second.commitment, "τ is fresh");
}

#[test]
fn every_changed_bit_is_noticed() {
    let (public, context, proof) = setting();
    for bit in (0..384).step_by(7) {
        let mut changed = proof;
        changed.commitment.0[bit / 8] ^= 1 << (bit % 8);
        assert!(!verify(&public, &context, &changed), "commitment bit {bit}");
    }
    for bit in 0..256 {
        let mut changed = proof;
        changed.response.0[bit / 8] ^= 1 << (bit % 8);
        assert!(!verify(&public, &context, &changed), "response bit {bit}");
    }
}

#[test]
fn the_response_has_one_form() {
    let (public, context, mut proof) = setting();
    let mut response = Scalar::MODULUS;
    let number = |bytes: &[u8; 32]| {
        let mut limbs = [0; 4];
        for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
            *limb = u64::from_le_bytes(core::array::from_fn(|i| chunk[i]));
        }
        ark_ff::BigInteger256::new(limbs)
    };
    assert!(
        !response.add_with_carry(&number(&proof.response.0)),
        "y + r fits 256 bits"
    );
    proof.response.0.copy_from_slice(&response.to_bytes_le());
    assert!(!verify(&public, &context, &proof));
}

#[test]
fn the_key_is_a_point_of_g1_and_not_the_identity() {
    let (_, context, _) = setting();
    let mut rng = rng(7);
    // For the identity, y = τ would do: anyone can make that proof.
    let proof = prove(&Scalar::from(0u64), &context, &mut rng);
    assert!(!verify(&encode_g1(&G1Affine::identity()), &context, &proof));
    for outside in curve_points() {
        let proof = prove(&Scalar::from(1u64), &context, &mut rng);
        assert!(!verify(&encode_g1(&outside), &context, &proof));
    }
    // T = the identity, y = 0 and R arbitrary is no proof either.
    let (public, context, mut proof) = setting();
    proof.commitment = encode_g1(&G1Affine::identity());
    proof.response = ScalarBytes([0; 32]);
    assert!(!verify(&public, &context, &proof));
}
