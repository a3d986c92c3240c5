//! Release shares: x_i·Q under ElGamal for the ticket's session key.
//!
//! ```text
//! k = XOF(tag ‖ x_i ‖ 32 fresh bytes ‖ ticket id ‖ H(L) ‖ R) mod r
//! A = k·g1, K = k·g2, S = x_i·Q + k·R
//! ```
//!
//! k depends on everything that S does, so a repeating random source does not repeat k over two
//! labels, where the difference of two S would be x_i·(Q − Q'). Only the reader can unblind S; K
//! lets the reader prove a wrong S to others with public values ([`crate::evidence`]).

use ark_ec::CurveGroup;
use medshare_curve::encoding::{decode_g1, encode_g1, encode_g2, encode_scalar};
use medshare_curve::fixed_base::{g1_generator_mul, g2_generator_mul};
use medshare_curve::mul::{split_secret, sum_of_products};
use medshare_curve::scalar::wide_reduce;
use medshare_curve::{G1Projective, Scalar};
use medshare_types::hash::Xof;
use medshare_types::{Digest, RandomSource, ReleaseShare, Signature, SigningKey, Ticket};
use zeroize::Zeroizing;

use crate::gate::{GateError, label_point};
use crate::holder::HolderShare;
use crate::rules::Permit;

const BLINDING_TAG: &str = "medshare/threshold/release-blinding/v1";

impl HolderShare {
    /// Makes the signed share for exactly the label and session key of a permit.
    ///
    /// Cost: a hash to G1, a sum of three products in G1, two fixed-base products, a signature.
    ///
    /// # Errors
    /// [`GateError::WrongKey`] when the permit is for another key or generation than this share,
    /// and [`GateError::InvalidSession`].
    ///
    /// # Security
    /// x_i·Q is blinded; k and its products are fresh. Send the result to the reader alone.
    pub fn release(
        &self,
        permit: &Permit<'_>,
        signer: &SigningKey,
        rng: &mut impl RandomSource,
    ) -> Result<ReleaseShare, GateError> {
        let key = permit.key;
        let ticket = permit.ticket;
        if key.id != *self.key() || key.generation != self.generation() {
            return Err(GateError::WrongKey);
        }
        let session =
            decode_g1(&ticket.session).map_err(|source| GateError::InvalidSession { source })?;
        let label = permit.label.digest();
        let blinding = Zeroizing::new(self.blinding(ticket, &label, rng));
        // x_i·Q + k·R in one chain of doublings, x_i split and k fresh.
        let q = label_point(permit.label);
        let split = split_secret(self.secret(), rng);
        let scalars = Zeroizing::new([split[0], split[1], *blinding]);
        let s = sum_of_products(&[q, q, session], &*scalars);
        let points = G1Projective::normalize_batch(&[g1_generator_mul(&blinding), s]);
        let mut share = ReleaseShare {
            ticket: ticket.id,
            label,
            key: key.id,
            generation: key.generation,
            holder: self.holder(),
            a: encode_g1(&points[0]),
            k: encode_g2(&g2_generator_mul(&blinding).into_affine()),
            s: encode_g1(&points[1]),
            signature: Signature::from_bytes([0; 64]),
        };
        share.signature = signer.sign(&share.statement());
        Ok(share)
    }

    fn blinding(&self, ticket: &Ticket, label: &Digest, rng: &mut impl RandomSource) -> Scalar {
        let secret = Zeroizing::new(encode_scalar(self.secret()));
        let fresh = Zeroizing::new(rng.array::<32>());
        let fields: [&[u8]; 5] = [
            secret.as_slice(),
            fresh.as_slice(),
            ticket.id.as_ref(),
            label.as_ref(),
            ticket.session.as_ref(),
        ];
        wide_reduce(&Zeroizing::new(Xof::new(BLINDING_TAG, &fields).take()))
    }
}
