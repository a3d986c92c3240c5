//! Proof that a member voted twice for one place.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::certificate::Phase;
use medshare_types::committee::Committee;
use medshare_types::id::{ChainId, ReplicaId};
use medshare_types::wire::Wire;

use crate::error::EvidenceError;
use crate::message::Vote;

/// Two signed votes of one member that contradict each other: same epoch, view, height and
/// phase, different digests. Two different pre-prepares are two different prepares.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    /// Whose votes they are.
    pub accused: ReplicaId,
    /// The phase of both.
    pub phase: Phase,
    /// The vote that came first.
    pub first: Vote,
    /// The one that contradicts it.
    pub second: Vote,
}

impl Wire for Evidence {
    const KIND: [u8; 4] = *b"mEVD";
    const MAX_LEN: usize = 1024;
}

impl Evidence {
    /// Checks that a member of `committee` signed both votes and that they contradict each other.
    /// Cost: two signature verifications.
    ///
    /// # Errors
    /// [`EvidenceError`] names the first thing that is missing from the proof.
    pub fn verify(&self, chain: &ChainId, committee: &Committee) -> Result<(), EvidenceError> {
        let place = |vote: &Vote| (vote.ballot.epoch, vote.ballot.view, vote.ballot.height);
        if place(&self.first) != place(&self.second) || self.first.ballot == self.second.ballot {
            return Err(EvidenceError::NoContradiction);
        }
        if self.first.ballot.epoch != committee.epoch() {
            return Err(EvidenceError::WrongEpoch {
                expected: committee.epoch(),
                found: self.first.ballot.epoch,
            });
        }
        let Some(member) = committee.member(self.accused) else {
            return Err(EvidenceError::NotAMember {
                accused: self.accused,
            });
        };
        for vote in [&self.first, &self.second] {
            vote.verify(chain, self.phase, &member.key)
                .map_err(|source| EvidenceError::BadSignature { source })?;
        }
        Ok(())
    }
}
