//! The record's descriptor, which attributes alone open.

use borsh::{BorshDeserialize, BorshSerialize};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use medshare_types::hash::Xof;
use medshare_types::{Digest, RandomSource, Wire, canonical_bytes, hash};
use zeroize::Zeroizing;

use crate::secret::SharedSecret;
use crate::wrapping::error::AccessError;

/// A sealed description of a record. Readers that satisfy the record's policy open it without a
/// ticket, to find the record.
///
/// XChaCha20-Poly1305 under k_desc = KDF(tag ‖ K_abe ‖ H(P)), with a random nonce, and H(P) as
/// associated data.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SealedDescriptor {
    nonce: [u8; 24],
    ciphertext: Vec<u8>,
}

impl Wire for SealedDescriptor {
    const KIND: [u8; 4] = *b"mDSC";
    const MAX_LEN: usize = 1 << 16;
}

canonical_bytes!(SealedDescriptor);

impl SealedDescriptor {
    /// Seals `message` for the payload with preamble digest `preamble`.
    ///
    /// # Errors
    /// [`AccessError::DescriptorTooLong`] for a message that does not fit in [`Wire::MAX_LEN`] when sealed.
    pub fn seal(
        secret: &SharedSecret,
        preamble: &Digest,
        message: &[u8],
        rng: &mut impl RandomSource,
    ) -> Result<Self, AccessError> {
        /// Envelope, nonce, length and tag.
        const OVERHEAD: usize = 6 + 24 + 4 + 16;
        const LIMIT: usize = SealedDescriptor::MAX_LEN - OVERHEAD;
        let too_long = AccessError::DescriptorTooLong {
            length: message.len(),
            limit: LIMIT,
        };
        if message.len() > LIMIT {
            return Err(too_long);
        }
        let nonce: [u8; 24] = rng.array();
        let payload = Payload {
            msg: message,
            aad: preamble.as_ref(),
        };
        let sealed = cipher(secret, preamble).encrypt(&XNonce::from(nonce), payload);
        let ciphertext = sealed.map_err(|_| too_long)?;
        Ok(Self { nonce, ciphertext })
    }

    /// Opens the message with K_abe.
    ///
    /// # Errors
    /// [`AccessError::DescriptorMismatch`] for every fault.
    pub fn open(
        &self,
        secret: &SharedSecret,
        preamble: &Digest,
    ) -> Result<Zeroizing<Vec<u8>>, AccessError> {
        let payload = Payload {
            msg: &self.ciphertext,
            aad: preamble.as_ref(),
        };
        let opened = cipher(secret, preamble).decrypt(&XNonce::from(self.nonce), payload);
        opened
            .map(Zeroizing::new)
            .map_err(|_| AccessError::DescriptorMismatch)
    }

    /// H(descriptor), which the chain registers.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/abe/sealed-descriptor/v1", &[&self.to_wire()])
    }
}

fn cipher(secret: &SharedSecret, preamble: &Digest) -> XChaCha20Poly1305 {
    let fields = [secret.as_bytes().as_slice(), preamble.as_ref()];
    let key = Zeroizing::new(Xof::new("medshare/abe/descriptor/v1", &fields).take::<32>());
    XChaCha20Poly1305::new(<&Key>::from(&*key))
}
