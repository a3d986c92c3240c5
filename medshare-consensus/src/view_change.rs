//! View changes: a member gives up a primary, and the next primary proves that it may propose.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::certificate::{Ballot, Phase};
use medshare_types::committee::Committee;
use medshare_types::hash::{Digest, digest};
use medshare_types::id::{ChainId, Epoch, Height, ReplicaId, View};
use medshare_types::sign::{BadSignature, Signature, SigningKey, VerifyingKey, verify_batch};
use medshare_types::wire::to_borsh;

use crate::proposal::Proposal;
use crate::vote::PrePrepare;

/// A quorum's prepares for one ballot.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PreparedCertificate {
    /// The ballot of every vote.
    pub ballot: Ballot,
    /// Signatures by seat, strictly ascending.
    pub votes: Vec<(ReplicaId, Signature)>,
}

impl PreparedCertificate {
    /// True when a quorum of `committee` signed this prepare on `chain`. Cost: one batch.
    #[must_use]
    pub fn verify(&self, chain: &ChainId, committee: &Committee) -> bool {
        let mut last = None;
        let mut signed = Vec::with_capacity(self.votes.len());
        for (seat, signature) in &self.votes {
            let Some(member) = committee.member(*seat).filter(|_| last < Some(*seat)) else {
                return false;
            };
            last = Some(*seat);
            signed.push((&member.key, signature));
        }
        let statement = self.ballot.statement(chain, Phase::Prepare);
        self.ballot.epoch == committee.epoch()
            && self.votes.len() >= committee.quorum().quorum()
            && verify_batch(&statement, signed.iter().copied())
    }

    /// The certificate's view and block, as a view change claims them.
    #[must_use]
    pub const fn claim(&self) -> Claim {
        Claim {
            view: self.ballot.view,
            digest: self.ballot.digest,
        }
    }
}

/// The highest prepared certificate that a member holds for a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Claim {
    /// The view of the certificate's ballot.
    pub view: View,
    /// Digest of the prepared header.
    pub digest: Digest,
}

/// A member's signed statement that it votes in no view below `view` at this height any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ViewChangeVote {
    /// Term of the voting committee.
    pub epoch: Epoch,
    /// The height, which the signer has not decided.
    pub height: Height,
    /// The lowest view that the sender still votes in, at least 1.
    pub view: View,
    /// The sender's highest prepared certificate for this height, if it holds one.
    pub claim: Option<Claim>,
    /// The sender's signature of (chain, epoch, height, view, claim).
    pub signature: Signature,
}

impl ViewChangeVote {
    /// Signs a view change.
    #[must_use]
    pub fn sign(
        chain: &ChainId,
        (epoch, height, view): (Epoch, Height, View),
        claim: Option<Claim>,
        key: &SigningKey,
    ) -> Self {
        let mut vote = Self {
            epoch,
            height,
            view,
            claim,
            signature: Signature::from_bytes([0; 64]),
        };
        vote.signature = key.sign(&vote.statement(chain));
        vote
    }

    /// The digest to sign.
    #[must_use]
    pub fn statement(&self, chain: &ChainId) -> Digest {
        let fields = to_borsh(&(self.epoch, self.height, self.view, self.claim));
        digest(
            "medshare/consensus/view-change/v1",
            &[chain.as_ref(), &fields],
        )
    }

    /// Checks the signature. Cost: one Ed25519 verification.
    ///
    /// # Errors
    /// [`BadSignature`] when `key` did not sign this view change on this chain.
    pub fn verify(&self, chain: &ChainId, key: &VerifyingKey) -> Result<(), BadSignature> {
        key.verify(&self.statement(chain), &self.signature)
    }

    /// True when both are view changes of one height into one view with different claims.
    #[must_use]
    pub fn contradicts(&self, other: &Self) -> bool {
        (self.epoch, self.height, self.view) == (other.epoch, other.height, other.view)
            && self.claim != other.claim
    }

    /// True when a member that committed `ballot` cannot honestly have signed this: the certificate
    /// that its commit rests on is missing.
    #[must_use]
    pub fn forgets(&self, ballot: &Ballot) -> bool {
        (self.epoch, self.height) == (ballot.epoch, ballot.height)
            && self.view > ballot.view
            && self.claim.is_none_or(|claim| claim.view < ballot.view)
    }
}

/// A view change with the certificate that it claims.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ViewChange {
    /// What the member signed.
    pub vote: ViewChangeVote,
    /// The certificate of the claim; present exactly if there is a claim.
    pub certificate: Option<PreparedCertificate>,
}

impl ViewChange {
    /// True when `key` signed the statement and the certificate proves the claim, which lies below
    /// the view. Cost: one verification, and a batch where there is a claim.
    #[must_use]
    pub fn verify(&self, chain: &ChainId, committee: &Committee, key: &VerifyingKey) -> bool {
        self.vote.epoch == committee.epoch()
            && self.vote.view > View(0)
            && self.vote.verify(chain, key).is_ok()
            && proves(
                self.certificate.as_ref(),
                self.vote.claim,
                (self.vote.height, self.vote.view),
                chain,
                committee,
            )
    }
}

/// The proof that the primary of a view above 0 may propose, and which block it has to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ViewProof {
    /// A quorum's view changes into this view by seat, strictly ascending.
    pub view_changes: Vec<(ReplicaId, ViewChangeVote)>,
    /// The certificate of the highest claim among them; present exactly if one of them claims.
    pub certificate: Option<PreparedCertificate>,
}

impl ViewProof {
    /// The highest claim among the view changes.
    #[must_use]
    pub fn highest_claim(&self) -> Option<Claim> {
        let votes = self.view_changes.iter();
        votes.filter_map(|(_, vote)| vote.claim).max()
    }

    /// The block that has to be proposed again.
    pub(crate) fn certified(&self) -> Option<Claim> {
        self.certificate.as_ref().map(PreparedCertificate::claim)
    }

    /// The members whose prepares certify that block.
    pub(crate) fn holders(&self) -> Vec<ReplicaId> {
        let votes = self.certificate.iter().flat_map(|held| &held.votes);
        votes.map(|(seat, _)| *seat).collect()
    }

    /// The view change of a member, if the proof rests on it.
    pub(crate) fn of(&self, seat: ReplicaId) -> Option<ViewChangeVote> {
        let mut votes = self.view_changes.iter();
        votes.find(|(of, _)| *of == seat).map(|(_, vote)| *vote)
    }

    /// True when a quorum gave up the views before `view` at `height`, and the highest claim among
    /// them is certified. Cost: a quorum of verifications, and a batch where there is a claim.
    #[must_use]
    pub fn verify(&self, subject: (Height, View), chain: &ChainId, committee: &Committee) -> bool {
        self.verify_claim(self.highest_claim(), subject, chain, committee)
    }

    /// As [`Self::verify`], with the claim that the certificate has to prove.
    pub(crate) fn verify_claim(
        &self,
        claim: Option<Claim>,
        (height, view): (Height, View),
        chain: &ChainId,
        committee: &Committee,
    ) -> bool {
        let mut last = None;
        for (seat, vote) in &self.view_changes {
            let Some(member) = committee.member(*seat).filter(|_| last < Some(*seat)) else {
                return false;
            };
            last = Some(*seat);
            let of_this_view =
                (vote.epoch, vote.height, vote.view) == (committee.epoch(), height, view);
            if !of_this_view || vote.verify(chain, &member.key).is_err() {
                return false;
            }
        }
        view > View(0)
            && self.view_changes.len() >= committee.quorum().quorum()
            && proves(
                self.certificate.as_ref(),
                claim,
                (height, view),
                chain,
                committee,
            )
    }
}

/// The proposal of a view above 0.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NewView<P> {
    /// The proof that the primary may make it.
    pub proof: ViewProof,
    /// The block of the highest claim, or a first proposal where no view change claims one.
    pub pre_prepare: PrePrepare<P>,
}

/// A [`NewView`] without its block: what a member that prepared in a view above 0 shows to others.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Opening {
    /// The proof that the primary could propose.
    pub proof: ViewProof,
    /// The primary's prepare of the block in this view.
    pub signature: Signature,
}

impl Opening {
    /// The message that opened `view` with `proposal`.
    #[must_use]
    pub fn with<P>(self, view: View, proposal: Proposal<P>) -> NewView<P> {
        NewView {
            proof: self.proof,
            pre_prepare: PrePrepare {
                view,
                proposal,
                signature: self.signature,
            },
        }
    }
}

/// True when there is no claim and no certificate, or a valid certificate of exactly this claim, of
/// this height and a view below.
fn proves(
    certificate: Option<&PreparedCertificate>,
    claim: Option<Claim>,
    (height, view): (Height, View),
    chain: &ChainId,
    committee: &Committee,
) -> bool {
    match (claim, certificate) {
        (None, None) => true,
        (Some(claim), Some(certificate)) => {
            claim == certificate.claim()
                && claim.view < view
                && certificate.ballot.height == height
                && certificate.verify(chain, committee)
        }
        _ => false,
    }
}
