use medshare_consensus::{Decided, Payload, Proposal};
use medshare_types::certificate::{CommitCertificate, Phase};
use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer, proposed};
use crate::setting::{Message, Setting, TestPayload};
use crate::sim_rng::SimRng;

/// Serves its own blocks under certificates whose signatures are all its own.
#[derive(Clone, Debug)]
pub struct Forger {
    signer: Signer,
    signers: Vec<ReplicaId>,
    seen: Option<Proposal<TestPayload>>,
}

impl Forger {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            signers: setting.committee().replicas().collect(),
            seen: None,
        }
    }

    /// A block in place of the last one seen, with the same parent.
    fn forge(&self) -> Option<Message> {
        let mut proposal = self.seen.clone()?;
        proposal.payload.0.push(0xff);
        proposal.header.transactions = proposal.payload.root();
        let ballot = proposal.ballot_in(proposal.header.view);
        let vote = self.signer.vote(ballot, Phase::Commit);
        let votes = self.signers.iter().map(|id| (*id, vote.signature));
        let certificate = CommitCertificate {
            ballot,
            votes: votes.collect(),
        };
        Some(Message::Decided(Decided {
            proposal,
            certificate,
        }))
    }
}

impl Behaviour for Forger {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        self.forge().into_iter().chain([message]).collect()
    }

    fn incoming(&mut self, message: &Message) {
        if let Some(pre_prepare) = proposed(message) {
            self.seen = Some(pre_prepare.proposal.clone());
        }
    }
}
