use medshare_consensus::Vote;
use medshare_types::certificate::Phase;
use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Votes for the right block with signatures of the other phase.
#[derive(Clone, Debug)]
pub struct BadSignatureVoter(Signer);

impl BadSignatureVoter {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self(Signer::of(setting, replica))
    }

    fn sign(&self, vote: &Vote, phase: Phase) -> Vote {
        self.0.vote(vote.ballot, phase)
    }
}

impl Behaviour for BadSignatureVoter {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        vec![match message {
            Message::Prepare(vote) => Message::Prepare(self.sign(&vote, Phase::Commit)),
            Message::Commit(vote) => Message::Commit(self.sign(&vote, Phase::Prepare)),
            other => other,
        }]
    }
}
