//! Proof that a member voted twice for one height and phase.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::certificate::Phase;
use medshare_types::committee::Committee;
use medshare_types::id::{ChainId, Epoch, ReplicaId};
use medshare_types::sign::BadSignature;
use medshare_types::wire::Wire;

use crate::message::Vote;

/// Two signed votes of one member that contradict each other: same epoch, view, height and
/// phase, different digests. Two different pre-prepares are two different prepares.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    /// The seat that signed both votes.
    pub culprit: ReplicaId,
    /// The phase of both votes.
    pub phase: Phase,
    /// The vote that came first.
    pub first: Vote,
    /// The vote that contradicts it.
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
    /// [`EvidenceError`] names the first check that fails.
    pub fn verify(&self, chain: &ChainId, committee: &Committee) -> Result<(), EvidenceError> {
        let first = &self.first.ballot;
        let second = &self.second.ballot;
        let same_height = first.epoch == second.epoch
            && first.view == second.view
            && first.height == second.height;
        if !same_height || first == second {
            return Err(EvidenceError::NoContradiction);
        }
        if first.epoch != committee.epoch() {
            return Err(EvidenceError::WrongEpoch {
                expected: committee.epoch(),
                found: first.epoch,
            });
        }
        let Some(member) = committee.member(self.culprit) else {
            return Err(EvidenceError::NotAMember { seat: self.culprit });
        };
        for vote in [&self.first, &self.second] {
            vote.verify(chain, self.phase, &member.key)
                .map_err(|source| EvidenceError::BadSignature { source })?;
        }
        Ok(())
    }
}

/// Why evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The votes are for different heights, or are the same.
    #[error("the votes do not contradict each other")]
    NoContradiction,
    /// The votes are of another committee's term.
    #[error("votes of epoch {found}, committee of epoch {expected}")]
    WrongEpoch {
        /// The epoch of the committee given.
        expected: Epoch,
        /// The epoch of the votes.
        found: Epoch,
    },
    /// The committee has no such seat.
    #[error("the committee has no seat {seat}")]
    NotAMember {
        /// The seat that the evidence names.
        seat: ReplicaId,
    },
    /// At least one vote is not signed by the seat that the evidence names.
    #[error("a vote was not signed by the member that the evidence names")]
    BadSignature {
        /// The failed verification.
        source: BadSignature,
    },
}
