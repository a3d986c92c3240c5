use medshare_consensus::{Decided, Payload, Proposal};
use medshare_types::certificate::{CommitCertificate, Phase};
use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer, proposed};
use crate::setting::{Message, Setting, TestPayload};
use crate::sim_rng::SimRng;

/// Serves its own blocks under certificates that hold its own good signature a quorum of times.
#[derive(Clone, Debug)]
pub struct LoneSigner {
    signer: Signer,
    replica: ReplicaId,
    votes: usize,
    seen: Option<Proposal<TestPayload>>,
}

impl LoneSigner {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            replica,
            votes: setting.members().keys().len(),
            seen: None,
        }
    }

    fn forge(&self) -> Option<Message> {
        let mut proposal = self.seen.clone()?;
        proposal.payload.0.push(0xfe);
        proposal.header.transactions = proposal.payload.root();
        let ballot = proposal.ballot_in(proposal.header.view);
        let vote = self.signer.vote(ballot, Phase::Commit);
        let certificate = CommitCertificate {
            ballot,
            votes: vec![(self.replica, vote.signature); self.votes],
        };
        Some(Message::Decided(Decided {
            proposal,
            certificate,
        }))
    }
}

impl Behaviour for LoneSigner {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        self.forge().into_iter().chain([message]).collect()
    }

    fn incoming(&mut self, message: &Message) {
        if let Some(pre_prepare) = proposed(message) {
            self.seen = Some(pre_prepare.proposal.clone());
        }
    }
}
