//! A dealt share encrypted to its holder: Diffie–Hellman in G1, SHAKE256, ChaCha20-Poly1305.
//!
//! ```text
//! E = e·g1, D = e·H_j = h_j·E
//! key = XOF(tag ‖ D ‖ E ‖ chain ‖ class ‖ dealer ‖ j ‖ H(commitments))
//! ciphertext = AEAD(key, nonce 0, f(j))
//! ```
//!
//! e is drawn for this share alone: opening one share publicly reveals D, which must then open
//! nothing else. The key is used once, so the nonce is constant; all context goes into the key.

use ark_ec::{AffineRepr, CurveGroup};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use medshare_curve::encoding::{decode_g1, decode_scalar, encode_g1, encode_scalar};
use medshare_curve::fixed_base::g1_generator_mul;
use medshare_curve::mul::{mul_public, mul_secret};
use medshare_curve::scalar::random_scalar;
use medshare_curve::{G1Affine, G1Projective, Scalar};
use medshare_types::hash::{Xof, digest};
use medshare_types::{
    Deal, Digest, EncryptedShare, G1Bytes, G2Bytes, OrganisationId, RandomSource, wire,
};
use zeroize::Zeroizing;

use super::feldman::Ceremony;
use crate::holder::HolderKeyPair;

const KEY_TAG: &str = "medshare/threshold/dealt-share-key/v1";
const COMMITMENTS_TAG: &str = "medshare/threshold/dealt-commitments/v1";

/// The context that all shares of one deal are bound to.
pub(super) struct ShareContext<'a> {
    ceremony: &'a Ceremony,
    dealer: OrganisationId,
    commitments: Digest,
}

impl<'a> ShareContext<'a> {
    pub(super) fn new(
        ceremony: &'a Ceremony,
        dealer: OrganisationId,
        commitments: &[G2Bytes],
    ) -> Self {
        let commitments = wire::to_borsh(commitments);
        Self {
            ceremony,
            dealer,
            commitments: digest(COMMITMENTS_TAG, &[&commitments]),
        }
    }

    /// Encrypts the share of holder `index`, from 1. Cost: one fixed-base and one variable product.
    pub(super) fn encrypt(
        &self,
        index: u16,
        holder: &G1Affine,
        share: &Scalar,
        rng: &mut impl RandomSource,
    ) -> EncryptedShare {
        // e is used this once, so both products may take variable time.
        let secret = Zeroizing::new(random_scalar(rng));
        let products = [g1_generator_mul(&secret), mul_public(holder, &secret)];
        let points = Zeroizing::new(G1Projective::normalize_batch(&products));
        let ephemeral = encode_g1(&points[0]);
        let plaintext = Zeroizing::new(encode_scalar(share));
        let sealed = self
            .cipher(index, &points[1], &ephemeral)
            .encrypt(&Nonce::default(), plaintext.as_slice())
            .ok()
            .and_then(|sealed| sealed.try_into().ok());
        #[expect(clippy::expect_used, reason = "the cipher adds 16 bytes to 32")]
        let ciphertext = sealed.expect("a ciphertext of 48 bytes");
        EncryptedShare {
            ephemeral,
            ciphertext,
        }
    }

    /// Decrypts the share of holder `index`, from 1; `None` unless it is a scalar encrypted to this
    /// key pair in this context.
    pub(super) fn decrypt(
        &self,
        index: u16,
        holder: &HolderKeyPair,
        deal: &Deal,
        rng: &mut impl RandomSource,
    ) -> Option<Zeroizing<Scalar>> {
        let encrypted = deal.shares.get(usize::from(index).checked_sub(1)?)?;
        let ephemeral = decode_g1(&encrypted.ephemeral).ok()?;
        let shared = Zeroizing::new(mul_secret(&ephemeral, holder.secret(), rng).into_affine());
        let plaintext = self
            .cipher(index, &shared, &encrypted.ephemeral)
            .decrypt(&Nonce::default(), encrypted.ciphertext.as_slice())
            .ok()
            .map(Zeroizing::new)?;
        let bytes = Zeroizing::new(<[u8; 32]>::try_from(plaintext.as_slice()).ok()?);
        decode_scalar(&bytes).ok().map(Zeroizing::new)
    }

    /// D is not the identity: its point has order r and its scalar is not zero.
    fn cipher(&self, index: u16, shared: &G1Affine, ephemeral: &G1Bytes) -> ChaCha20Poly1305 {
        debug_assert!(!shared.is_zero());
        let encoded = Zeroizing::new(encode_g1(shared).0);
        let fields: [&[u8]; 7] = [
            encoded.as_slice(),
            ephemeral.as_ref(),
            self.ceremony.chain().as_ref(),
            &wire::to_borsh(&self.ceremony.class()),
            self.dealer.as_ref(),
            &index.to_le_bytes(),
            self.commitments.as_ref(),
        ];
        let key = Zeroizing::new(Xof::new(KEY_TAG, &fields).take::<32>());
        ChaCha20Poly1305::new(&(*key).into())
    }
}
