//! Votes for a decided height that later blocks record: the facts that credit is computed from.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::certificate::{Ballot, Phase};
use crate::hash::{self, Digest};
use crate::id::{ChainId, Epoch, Height, ReplicaId, View};
use crate::sign::Signature;
use crate::wire::to_borsh;

/// Most attestations in one block: more than the commits of the largest committee for one height.
pub const MAX_ATTESTATIONS: usize = 1536;

/// The statement that an attestation's signer made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Attested {
    /// A commit of the decided block.
    Commit,
    /// No acceptable proposal of the view came in time.
    Late,
}

/// A signed vote for a decided height, as a later block records it.
///
/// Epoch and digest are implied: those of the decided header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Attestation {
    /// The decided height that the vote is for.
    pub height: Height,
    /// The signer committed, or a primary was late.
    pub attested: Attested,
    /// The view that the vote was cast in, or that was late.
    pub view: View,
    /// Seat of the signer.
    pub signer: ReplicaId,
    /// The signer's signature of [`Self::statement`].
    pub signature: Signature,
}

impl Attestation {
    /// All but the signature. A block lists its attestations in strictly ascending order of it.
    #[must_use]
    pub const fn key(&self) -> (Height, Attested, View, ReplicaId) {
        (self.height, self.attested, self.view, self.signer)
    }

    /// The digest that the signer signed, where `decided` is the digest of the decided header.
    #[must_use]
    pub fn statement(&self, chain: &ChainId, epoch: Epoch, decided: &Digest) -> Digest {
        match self.attested {
            Attested::Commit => {
                let ballot = Ballot {
                    epoch,
                    view: self.view,
                    height: self.height,
                    digest: *decided,
                };
                ballot.statement(chain, Phase::Commit)
            }
            Attested::Late => late_statement(chain, epoch, self.height, self.view),
        }
    }
}

/// The digest that a member signs when no acceptable proposal of a view came in time.
#[must_use]
pub fn late_statement(chain: &ChainId, epoch: Epoch, height: Height, view: View) -> Digest {
    let fields = to_borsh(&(epoch, height, view));
    hash::digest("medshare/types/vote-late/v1", &[chain.as_ref(), &fields])
}

/// The root of a block's attestations that its header names.
#[must_use]
pub fn attestations_root(attestations: &[Attestation]) -> Digest {
    hash::digest("medshare/types/attestations/v1", &[&to_borsh(attestations)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::SigningKey;

    #[test]
    fn an_attestation_is_of_one_statement() {
        let chain = ChainId::from_digest(hash::digest("test", &[]));
        let decided = hash::digest("test", &[b"block"]);
        let key = SigningKey::from_seed(&[1; 32]);
        let signed = |attested, view| {
            let mut attestation = Attestation {
                height: Height(4),
                attested,
                view: View(view),
                signer: ReplicaId(0),
                signature: Signature::from_bytes([0; 64]),
            };
            let statement = attestation.statement(&chain, Epoch(2), &decided);
            attestation.signature = key.sign(&statement);
            attestation
        };
        let holds = |attestation: &Attestation, epoch, decided: &Digest| {
            let statement = attestation.statement(&chain, epoch, decided);
            let key = key.verifying_key();
            key.verify(&statement, &attestation.signature).is_ok()
        };
        for attested in [Attested::Commit, Attested::Late] {
            let good = signed(attested, 1);
            assert!(holds(&good, Epoch(2), &decided));
            assert!(!holds(&good, Epoch(3), &decided));
            let moved = Attestation {
                view: View(2),
                ..good
            };
            assert!(!holds(&moved, Epoch(2), &decided));
            // A late vote names no block.
            let other = hash::digest("test", &[b"other"]);
            assert_eq!(holds(&good, Epoch(2), &other), attested == Attested::Late);
        }
        let both = [signed(Attested::Commit, 1), signed(Attested::Late, 1)];
        assert_ne!(attestations_root(&both), attestations_root(&both[..1]));
        assert_ne!(attestations_root(&[]), Digest::ZERO);
    }
}
