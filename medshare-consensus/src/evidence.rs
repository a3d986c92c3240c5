//! Proof that a member broke the protocol with its own signature.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::certificate::Phase;
use medshare_types::committee::Committee;
use medshare_types::id::{ChainId, Epoch, Height, ReplicaId};
use medshare_types::sign::{BadSignature, VerifyingKey};
use medshare_types::wire::Wire;

use crate::view_change::ViewChangeVote;
use crate::vote::Vote;

/// Two signed statements of one member that no honest member signs both.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    /// The seat that signed both statements.
    pub culprit: ReplicaId,
    /// The signed statements that prove it.
    pub offence: Offence,
}

/// Statements that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Offence {
    /// Two votes of one epoch, height, view and phase for different digests. Two different
    /// pre-prepares are two different prepares.
    TwoVotes {
        /// The phase of both votes.
        phase: Phase,
        /// The vote that came first.
        first: Vote,
        /// The vote that contradicts it.
        second: Vote,
    },
    /// Two view changes into one view with different claims.
    TwoViewChanges {
        /// The view change that came first.
        first: ViewChangeVote,
        /// The view change that contradicts it.
        second: ViewChangeVote,
    },
    /// A commit, and a view change into a later view without the certificate behind it.
    ForgottenCertificate {
        /// The commit that it signed.
        commit: Vote,
        /// The view change that forgets the commit.
        view_change: ViewChangeVote,
    },
}

impl Offence {
    /// The height and term of the statements; `None` where they do not contradict each other.
    #[must_use]
    pub fn subject(&self) -> Option<(Epoch, Height)> {
        match self {
            Self::TwoVotes { first, second, .. } => {
                let (a, b) = (&first.ballot, &second.ballot);
                let same = (a.epoch, a.height, a.view) == (b.epoch, b.height, b.view);
                (same && a.digest != b.digest).then_some((a.epoch, a.height))
            }
            Self::TwoViewChanges { first, second } => {
                (first.contradicts(second)).then_some((first.epoch, first.height))
            }
            Self::ForgottenCertificate {
                commit,
                view_change,
            } => (view_change.forgets(&commit.ballot))
                .then_some((view_change.epoch, view_change.height)),
        }
    }

    fn verify_signatures(&self, chain: &ChainId, key: &VerifyingKey) -> Result<(), BadSignature> {
        match self {
            Self::TwoVotes {
                phase,
                first,
                second,
            } => {
                first.verify(chain, *phase, key)?;
                second.verify(chain, *phase, key)
            }
            Self::TwoViewChanges { first, second } => {
                first.verify(chain, key)?;
                second.verify(chain, key)
            }
            Self::ForgottenCertificate {
                commit,
                view_change,
            } => {
                commit.verify(chain, Phase::Commit, key)?;
                view_change.verify(chain, key)
            }
        }
    }
}

impl Wire for Evidence {
    const KIND: [u8; 4] = *b"mEVD";
    const MAX_LEN: usize = 1024;
}

impl Evidence {
    /// Checks that a member of `committee` signed both statements and that they contradict each
    /// other. Cost: two signature verifications.
    ///
    /// # Errors
    /// [`EvidenceError`] names the first check that fails.
    pub fn verify(&self, chain: &ChainId, committee: &Committee) -> Result<(), EvidenceError> {
        let Some((epoch, _)) = self.offence.subject() else {
            return Err(EvidenceError::NoContradiction);
        };
        if epoch != committee.epoch() {
            return Err(EvidenceError::WrongEpoch {
                expected: committee.epoch(),
                found: epoch,
            });
        }
        let Some(member) = committee.member(self.culprit) else {
            return Err(EvidenceError::NotAMember { seat: self.culprit });
        };
        self.offence
            .verify_signatures(chain, &member.key)
            .map_err(|source| EvidenceError::BadSignature { source })
    }
}

/// Why evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// An honest member may have signed both statements.
    #[error("the statements do not contradict each other")]
    NoContradiction,
    /// The statements are of another committee's term.
    #[error("statements of epoch {found}, committee of epoch {expected}")]
    WrongEpoch {
        /// The epoch of the committee given.
        expected: Epoch,
        /// The epoch of the statements.
        found: Epoch,
    },
    /// The committee has no such seat.
    #[error("the committee has no seat {seat}")]
    NotAMember {
        /// The seat that the evidence names.
        seat: ReplicaId,
    },
    /// At least one statement is not signed by the seat that the evidence names.
    #[error("a statement was not signed by the member that the evidence names")]
    BadSignature {
        /// The failed verification.
        source: BadSignature,
    },
}
