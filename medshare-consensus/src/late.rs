//! The vote that a primary did not propose in time.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::attestation::late_statement;
use medshare_types::id::{ChainId, Epoch, Height, View};
use medshare_types::sign::{BadSignature, Signature, SigningKey, VerifyingKey};

/// A member's signed statement that it found no acceptable proposal of a view in half the view's
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LateVote {
    /// Term of the committee.
    pub epoch: Epoch,
    /// The height of the turn.
    pub height: Height,
    /// The view of the turn.
    pub view: View,
    /// The signature of (chain, epoch, height, view).
    pub signature: Signature,
}

impl LateVote {
    /// Signs that the primary of a view was late.
    #[must_use]
    pub fn sign(
        chain: &ChainId,
        (epoch, height, view): (Epoch, Height, View),
        key: &SigningKey,
    ) -> Self {
        Self {
            epoch,
            height,
            view,
            signature: key.sign(&late_statement(chain, epoch, height, view)),
        }
    }

    /// Checks the signature. Cost: one Ed25519 verification.
    ///
    /// # Errors
    /// [`BadSignature`] when `key` did not sign this statement on this chain.
    pub fn verify(&self, chain: &ChainId, key: &VerifyingKey) -> Result<(), BadSignature> {
        let statement = late_statement(chain, self.epoch, self.height, self.view);
        key.verify(&statement, &self.signature)
    }
}
