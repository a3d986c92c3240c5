//! Votes: prepares, commits, and the proposal that is its primary's prepare.

use borsh::io::{Read, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::certificate::{Ballot, Phase};
use medshare_types::hash::Digest;
use medshare_types::id::{ChainId, Epoch, Height, View};
use medshare_types::sign::{BadSignature, Signature, SigningKey, VerifyingKey};

use crate::compact;
use crate::proposal::Proposal;

/// A signed prepare or commit. The message or record that holds the vote gives its phase.
///
/// Encoded with LEB128 for epoch, view and height: most messages are votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Epoch, view, height and digest that the vote is for.
    pub ballot: Ballot,
    /// The voter's signature of (chain, ballot) under the tag of the phase.
    pub signature: Signature,
}

impl Vote {
    /// Signs `ballot` under the tag of `phase`.
    #[must_use]
    pub fn sign(chain: &ChainId, ballot: Ballot, phase: Phase, key: &SigningKey) -> Self {
        Self {
            ballot,
            signature: key.sign(&ballot.statement(chain, phase)),
        }
    }

    /// Checks the signature. Cost: one Ed25519 verification.
    ///
    /// # Errors
    /// [`BadSignature`] when `key` did not sign this ballot on this chain in this phase.
    pub fn verify(
        &self,
        chain: &ChainId,
        phase: Phase,
        key: &VerifyingKey,
    ) -> Result<(), BadSignature> {
        key.verify(&self.ballot.statement(chain, phase), &self.signature)
    }
}

impl BorshSerialize for Vote {
    fn serialize<W: Write>(&self, writer: &mut W) -> borsh::io::Result<()> {
        let ballot = &self.ballot;
        for number in [ballot.epoch.0, ballot.view.0, ballot.height.0] {
            compact::write(number, writer)?;
        }
        ballot.digest.serialize(writer)?;
        self.signature.serialize(writer)
    }
}

impl BorshDeserialize for Vote {
    fn deserialize_reader<R: Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let ballot = Ballot {
            epoch: Epoch(compact::read(reader)?),
            view: View(compact::read(reader)?),
            height: Height(compact::read(reader)?),
            digest: Digest::deserialize_reader(reader)?,
        };
        Ok(Self {
            ballot,
            signature: Signature::deserialize_reader(reader)?,
        })
    }
}

/// The primary's proposal. Its signature is also the primary's prepare.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PrePrepare<P> {
    /// The view that votes for it name; above the header's for a block proposed again.
    pub view: View,
    /// The block to agree on.
    pub proposal: Proposal<P>,
    /// The primary's signature of the prepare statement.
    pub signature: Signature,
}

impl<P> PrePrepare<P> {
    /// The primary's prepare, with the same signature.
    #[must_use]
    pub fn vote(&self) -> Vote {
        Vote {
            ballot: self.proposal.ballot_in(self.view),
            signature: self.signature,
        }
    }
}
