use medshare_consensus::Vote;
use medshare_types::certificate::{Ballot, Phase};
use medshare_types::id::{ReplicaId, View};

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Adds a vote of a view far ahead to each of its votes.
#[derive(Clone, Debug)]
pub struct FarVoter(Signer);

impl FarVoter {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self(Signer::of(setting, replica))
    }

    fn far(&self, vote: &Vote, phase: Phase, rng: &mut SimRng) -> Vote {
        let view = View(vote.ballot.view.0.saturating_add(rng.next_u64()));
        let ballot = Ballot {
            view,
            ..vote.ballot
        };
        self.0.vote(ballot, phase)
    }
}

impl Behaviour for FarVoter {
    fn outgoing(&mut self, _: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message> {
        match message {
            Message::Prepare(vote) => {
                let far = self.far(&vote, Phase::Prepare, rng);
                vec![Message::Prepare(far), Message::Prepare(vote)]
            }
            Message::Commit(vote) => {
                let far = self.far(&vote, Phase::Commit, rng);
                vec![Message::Commit(far), Message::Commit(vote)]
            }
            other => vec![other],
        }
    }
}
