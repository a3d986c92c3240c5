//! Ed25519 under ZIP-215 rules, so that single and batch verification always agree.
//!
//! The signed message is always a [`Digest`] of [`crate::hash`] under a tag of its own.
//!
//! Simulations may run with keys whose signatures prove nothing, in a build that no application can
//! use: see the module `simulated`.

#[cfg(medshare_test_signatures)]
mod simulated;

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use ed25519_zebra as zebra;
use zeroize::{Zeroize as _, Zeroizing};

use crate::hash::{Digest, Xof};
use crate::random::RandomSource;

/// A signing key; erased when dropped, never printed.
#[derive(Clone)]
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    expanded: zebra::SigningKey,
}

impl SigningKey {
    /// Draws a fresh key.
    #[must_use]
    pub fn random(rng: &mut impl RandomSource) -> Self {
        Self::from_seed(&Zeroizing::new(rng.array()))
    }

    /// Expands a 32-byte seed (RFC 8032, section 5.1.5).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self {
            seed: Zeroizing::new(*seed),
            expanded: zebra::SigningKey::from_bytes(seed),
        }
    }

    /// The secret seed, for a key store.
    #[must_use]
    pub fn seed(&self) -> &Zeroizing<[u8; 32]> {
        &self.seed
    }

    /// The public key, which verifies this key's signatures.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        #[cfg(medshare_test_signatures)]
        if let Some(key) = simulated::verifying_key(&self.seed) {
            return key;
        }
        VerifyingKey(self.expanded.verification_key().into())
    }

    /// Signs a digest, deterministically and in constant time.
    #[must_use]
    pub fn sign(&self, statement: &Digest) -> Signature {
        #[cfg(medshare_test_signatures)]
        if let Some(key) = simulated::verifying_key(&self.seed) {
            return simulated::sign(&key, statement);
        }
        Signature(self.expanded.sign(statement.as_ref()).to_bytes())
    }
}

impl Drop for SigningKey {
    fn drop(&mut self) {
        self.expanded.zeroize();
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?}, secret)", self.verifying_key())
    }
}

/// 32 bytes of an Ed25519 public key, unchecked. Bytes that are not a key verify nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// Wraps encoded bytes; [`Self::verify`] checks them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Encoded as in RFC 8032.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks one signature under ZIP-215 rules.
    ///
    /// # Errors
    /// [`BadSignature`] when `signature` is not this key's signature of `statement`.
    pub fn verify(&self, statement: &Digest, signature: &Signature) -> Result<(), BadSignature> {
        #[cfg(medshare_test_signatures)]
        if simulated::is_key(self) {
            let is_good = *signature == simulated::sign(self, statement);
            return is_good.then_some(()).ok_or(BadSignature);
        }
        zebra::VerificationKey::try_from(self.0)
            .and_then(|key| key.verify(&signature.0.into(), statement.as_ref()))
            .map_err(|_| BadSignature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "VerifyingKey({:02x}{:02x}{:02x}..)",
            self.0[0], self.0[1], self.0[2]
        )
    }
}

/// 64 bytes of an Ed25519 signature, unchecked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Wraps encoded bytes; [`VerifyingKey::verify`] checks them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Encoded as in RFC 8032.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Signature({:02x}{:02x}{:02x}..)",
            self.0[0], self.0[1], self.0[2]
        )
    }
}

/// A signature that does not verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

/// Checks many signatures of one statement at once, at about half the cost of single checks.
///
/// Deterministic: the batch weights are hashed from everything in the batch. Under ZIP-215 it is
/// true exactly when every single verification would succeed.
#[must_use]
pub fn verify_batch<'a>(
    statement: &Digest,
    votes: impl Iterator<Item = (&'a VerifyingKey, &'a Signature)> + Clone,
) -> bool {
    #[cfg(medshare_test_signatures)]
    if votes.clone().all(|(key, _)| simulated::is_key(key)) {
        let mut votes = votes;
        return votes.all(|(key, signature)| key.verify(statement, signature).is_ok());
    }
    let mut batch = zebra::batch::Verifier::new();
    let mut transcript = Vec::with_capacity(1024);
    for (key, signature) in votes {
        transcript.extend_from_slice(&key.0);
        transcript.extend_from_slice(&signature.0);
        let encoded = zebra::VerificationKeyBytes::from(key.0);
        batch.queue((encoded, signature.0.into(), statement.as_ref()));
    }
    let xof = Xof::new(
        "medshare/types/batch-weights/v1",
        &[statement.as_ref(), &transcript],
    );
    batch.verify(XofRng(xof)).is_ok()
}

/// A hash in the role of a generator, used for batch weights only: they must be unpredictable to the
/// party that chose the signatures, no more.
struct XofRng(Xof);

impl rand_core::TryRng for XofRng {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_le_bytes(self.0.take()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_le_bytes(self.0.take()))
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(dest);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for XofRng {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::digest;

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed(&[n; 32])
    }

    #[test]
    fn rfc_8032_test_1_key() {
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
            0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
            0x1c, 0xae, 0x7f, 0x60,
        ];
        let public = SigningKey::from_seed(&seed).verifying_key();
        assert_eq!(public.as_bytes()[..4], [0xd7, 0x5a, 0x98, 0x01]);
    }

    #[test]
    fn batch_agrees_with_single() {
        let statement = digest("t", &[b"x"]);
        let keys: Vec<_> = (0..5).map(|n| key(n).verifying_key()).collect();
        let mut signatures: Vec<_> = (0..5).map(|n| key(n).sign(&statement)).collect();
        assert!(verify_batch(&statement, keys.iter().zip(&signatures)));
        signatures[3] = key(0).sign(&statement);
        assert!(!verify_batch(&statement, keys.iter().zip(&signatures)));
        assert_eq!(
            keys[3].verify(&statement, &signatures[3]),
            Err(BadSignature)
        );
    }

    #[test]
    fn secrets_do_not_print() {
        let text = format!("{:?}", key(0xab));
        assert!(text.contains("secret") && !text.contains("abab"), "{text}");
    }
}
