//! The proof that a quorum committed a block.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::committee::Committee;
use crate::hash::{self, Digest};
use crate::id::{ChainId, Epoch, Height, ReplicaId, View};
use crate::sign::{Signature, verify_batch};
use crate::wire::{Wire, to_borsh};

/// The two votes on a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Phase {
    /// Accepts a block for a height. The primary's pre-prepare counts as its prepare.
    Prepare,
    /// States that a quorum has prepared the block.
    Commit,
}

/// The slot that a vote is cast for, and the header voted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Ballot {
    /// Term of the voting committee.
    pub epoch: Epoch,
    /// View within the epoch.
    pub view: View,
    /// Height of the block voted on.
    pub height: Height,
    /// Digest of the header voted on.
    pub digest: Digest,
}

impl Ballot {
    /// The digest to sign: (chain, epoch, view, height, digest) under a tag for the phase.
    #[must_use]
    pub fn statement(&self, chain: &ChainId, phase: Phase) -> Digest {
        let tag = match phase {
            Phase::Prepare => "medshare/types/vote-prepare/v1",
            Phase::Commit => "medshare/types/vote-commit/v1",
        };
        hash::digest(tag, &[chain.as_ref(), &to_borsh(self)])
    }
}

/// A quorum's signed commits for one header.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CommitCertificate {
    /// The slot and header committed.
    pub ballot: Ballot,
    /// In strictly ascending order of seats.
    pub votes: Vec<(ReplicaId, Signature)>,
}

impl Wire for CommitCertificate {
    const KIND: [u8; 4] = *b"mCCT";
}

/// A certificate that does not prove a commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum CertificateError {
    #[error("certificate of epoch {found}, committee of epoch {expected}")]
    WrongEpoch { expected: Epoch, found: Epoch },
    #[error("{votes} votes, {needed} are needed")]
    NoQuorum { votes: usize, needed: usize },
    #[error("signer {replica} is repeated, out of order or not in the committee")]
    BadSigner { replica: ReplicaId },
    /// At least one signature does not verify; a batch does not tell which.
    #[error("a signature does not verify")]
    BadSignature,
}

impl CommitCertificate {
    /// Checks that a quorum of `committee` signed this commit on `chain`. Cost: one batch.
    ///
    /// # Errors
    /// [`CertificateError`] for the first check that fails.
    pub fn verify(&self, chain: &ChainId, committee: &Committee) -> Result<(), CertificateError> {
        if self.ballot.epoch != committee.epoch() {
            return Err(CertificateError::WrongEpoch {
                expected: committee.epoch(),
                found: self.ballot.epoch,
            });
        }
        let needed = committee.quorum().quorum();
        if self.votes.len() < needed {
            return Err(CertificateError::NoQuorum {
                votes: self.votes.len(),
                needed,
            });
        }
        let mut last = None;
        let mut signed = Vec::with_capacity(self.votes.len());
        for (replica, signature) in &self.votes {
            let member = committee.member(*replica).filter(|_| last < Some(*replica));
            let Some(member) = member else {
                return Err(CertificateError::BadSigner { replica: *replica });
            };
            last = Some(*replica);
            signed.push((&member.key, signature));
        }
        let statement = self.ballot.statement(chain, Phase::Commit);
        if verify_batch(&statement, signed.iter().copied()) {
            Ok(())
        } else {
            Err(CertificateError::BadSignature)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::committee::CommitteeMember;
    use crate::id::OrganisationId;
    use crate::sign::{SigningKey, VerifyingKey};

    fn fixture() -> (ChainId, Vec<SigningKey>, Committee, Ballot) {
        let chain = ChainId::from_digest(hash::digest("test", &[]));
        let keys: Vec<_> = (0..4).map(|n| SigningKey::from_seed(&[n; 32])).collect();
        let member = |(replica, key): (u16, VerifyingKey)| CommitteeMember {
            replica: ReplicaId(replica),
            organisation: OrganisationId::of_key(&key),
            key,
        };
        let members = (0..)
            .zip(keys.iter().map(SigningKey::verifying_key))
            .map(member);
        let committee = Committee::new(Epoch(0), members.collect()).unwrap();
        let ballot = Ballot {
            epoch: Epoch(0),
            view: View(0),
            height: Height(1),
            digest: hash::digest("test", &[b"block"]),
        };
        (chain, keys, committee, ballot)
    }

    fn certificate(
        chain: &ChainId,
        keys: &[SigningKey],
        ballot: Ballot,
        phase: Phase,
        signers: &[u16],
    ) -> CommitCertificate {
        let statement = ballot.statement(chain, phase);
        let votes = signers
            .iter()
            .map(|&n| (ReplicaId(n), keys[usize::from(n) % 4].sign(&statement)));
        CommitCertificate {
            ballot,
            votes: votes.collect(),
        }
    }

    #[test]
    fn only_a_quorum_of_ascending_seats_verifies() {
        let (chain, keys, committee, ballot) = fixture();
        let make = |signers: &[u16]| {
            certificate(&chain, &keys, ballot, Phase::Commit, signers).verify(&chain, &committee)
        };
        assert_eq!(make(&[0, 2, 3]), Ok(()));
        assert_eq!(
            make(&[0, 2]),
            Err(CertificateError::NoQuorum {
                votes: 2,
                needed: 3
            })
        );
        assert_eq!(
            make(&[0, 2, 2]),
            Err(CertificateError::BadSigner {
                replica: ReplicaId(2)
            })
        );
        assert_eq!(
            make(&[0, 2, 1]),
            Err(CertificateError::BadSigner {
                replica: ReplicaId(1)
            })
        );
        assert_eq!(
            make(&[0, 1, 4]),
            Err(CertificateError::BadSigner {
                replica: ReplicaId(4)
            })
        );
    }

    #[test]
    fn votes_for_another_phase_chain_or_height_do_not_count() {
        let (chain, keys, committee, ballot) = fixture();
        let prepared = certificate(&chain, &keys, ballot, Phase::Prepare, &[0, 1, 2]);
        assert_eq!(
            prepared.verify(&chain, &committee),
            Err(CertificateError::BadSignature)
        );
        let mut moved = certificate(&chain, &keys, ballot, Phase::Commit, &[0, 1, 2]);
        moved.ballot.height = Height(2);
        assert_eq!(
            moved.verify(&chain, &committee),
            Err(CertificateError::BadSignature)
        );
        let good = certificate(&chain, &keys, ballot, Phase::Commit, &[0, 1, 2]);
        let other = ChainId::from_digest(Digest::ZERO);
        assert_eq!(
            good.verify(&other, &committee),
            Err(CertificateError::BadSignature)
        );
    }
}
