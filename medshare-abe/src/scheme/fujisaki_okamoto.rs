//! The hashes of the Fujisaki–Okamoto transform, and the deterministic half of encapsulation, which
//! sealer and reader both compute.

use ark_ec::CurveGroup;
use medshare_curve::encoding::{encode_g1, encode_g2, encode_gt};
use medshare_curve::scalar::wide_reduce;
use medshare_curve::{G1Affine, G1Projective, G2Projective, Gt, Scalar, fixed_base, mul};
use medshare_types::hash::{self, Xof};
use medshare_types::{Digest, G1Bytes, G2Bytes};
use zeroize::Zeroizing;

use crate::scheme::parameters::PublicParameters;
use crate::scheme::points::base_mul;
use crate::scheme::structure::AccessStructure;
use crate::secret::SharedSecret;

/// H(aad), which stands for the associated data in all hashes.
pub(crate) fn aad_digest(aad: &[u8]) -> Digest {
    hash::digest("medshare/abe/aad/v1", &[aad])
}

/// m ⊕ XOF(tag ‖ GT(s·E) ‖ H(hdr0)): its own inverse.
pub(crate) fn mask(message: &[u8; 32], masking: &Gt, body: &Digest) -> Zeroizing<[u8; 32]> {
    let masking = Zeroizing::new(encode_gt(masking));
    let mut pad = Xof::new("medshare/abe/mask/v1", &[masking.as_slice(), body.as_ref()]);
    let mut out = Zeroizing::new(pad.take::<32>());
    out.iter_mut().zip(message).for_each(|(byte, m)| *byte ^= m);
    out
}

/// K for a header that equals the encapsulation of m.
pub(crate) fn accepted_key(message: &[u8; 32], header: &Digest, aad: &Digest) -> SharedSecret {
    derive_key("medshare/abe/key/v1", message, header, aad)
}

/// K for any other header, from the key's own σ.
pub(crate) fn rejected_key(sigma: &[u8; 32], header: &Digest, aad: &Digest) -> SharedSecret {
    derive_key("medshare/abe/reject/v1", sigma, header, aad)
}

fn derive_key(tag: &str, secret: &[u8; 32], header: &Digest, aad: &Digest) -> SharedSecret {
    let mut stream = Xof::new(tag, &[secret, header.as_ref(), aad.as_ref()]);
    SharedSecret::from_bytes(Zeroizing::new(stream.take()))
}

/// The scalars that m, the policy and the associated data determine.
pub(crate) struct Coins {
    pub(crate) s: Zeroizing<Scalar>,
    /// s'_j for every repeat j < τ.
    pub(crate) repeats: Zeroizing<Vec<Scalar>>,
    /// λ_i for each row i.
    pub(crate) shares: Zeroizing<Vec<Scalar>>,
}

impl Coins {
    /// coins = XOF(tag ‖ H(pp) ‖ H(policy, date) ‖ H(aad) ‖ m), 64 bytes a scalar: s, s'_0, …, v_1,
    /// ….
    pub(crate) fn derive(
        parameters: &PublicParameters,
        structure: &AccessStructure<'_>,
        aad: &Digest,
        message: &[u8; 32],
    ) -> Self {
        let parameters = parameters.digest();
        let policy = structure.digest();
        let fields = [parameters.as_ref(), policy.as_ref(), aad.as_ref(), message];
        let mut stream = Xof::new("medshare/abe/coins/v1", &fields);
        let mut draw = || wide_reduce(&Zeroizing::new(stream.take()));
        let s = Zeroizing::new(draw());
        let repeats = (0..structure.multiplicity()).map(|_| draw()).collect();
        let shares = structure.share(&s, draw);
        Self {
            s,
            repeats: Zeroizing::new(repeats),
            shares,
        }
    }

    /// C1 = s·g2 and every C2_j = s'_j·g2.
    #[expect(clippy::expect_used, reason = "s is the first of the scalars")]
    pub(crate) fn g2_points(&self) -> (G2Bytes, Vec<G2Bytes>) {
        let scalars = core::iter::once(&*self.s).chain(self.repeats.iter());
        let points: Vec<_> = scalars.map(fixed_base::g2_generator_mul).collect();
        let affine = G2Projective::normalize_batch(&points);
        let mut encoded = affine.iter().map(encode_g2);
        let c1 = encoded.next().expect("s is the first of the scalars");
        (c1, encoded.collect())
    }

    /// C3 of the given rows, each with its H(π(i)). Cost: one multiplication and one product from
    /// the table of B for each.
    pub(crate) fn rows(
        &self,
        structure: &AccessStructure<'_>,
        rows: impl Iterator<Item = (usize, G1Affine)>,
    ) -> Vec<G1Bytes> {
        let (rows, points): (Vec<usize>, Vec<G1Affine>) = rows.unzip();
        let repeat = |&i: &usize| self.repeats[structure.rows()[i].occurrence];
        let repeats = Zeroizing::new(rows.iter().map(repeat).collect::<Vec<_>>());
        let mut sums = mul::mul_public_each(&points, &repeats);
        for (sum, &i) in sums.iter_mut().zip(&rows) {
            *sum += base_mul(&self.shares[i]);
        }
        let affine = G1Projective::normalize_batch(&sums);
        affine.iter().map(encode_g1).collect()
    }
}
