use std::collections::BTreeMap;

use medshare_consensus::{Payload, Proposal, Vote};
use medshare_types::certificate::{Ballot, Phase};
use medshare_types::hash::Digest;
use medshare_types::id::{ReplicaId, View};

use super::{Behaviour, Signer, proposed};
use crate::setting::{Message, Setting, TestPayload};
use crate::sim_rng::SimRng;

/// Votes like an honest member, but not to one of them: to that one it prepares and commits another
/// block, in view 1, which no view change opened. Two that do so agree on that block.
#[derive(Clone, Debug)]
pub struct Colluder {
    signer: Signer,
    victim: ReplicaId,
    /// The other block, by the first one.
    blocks: BTreeMap<Digest, Proposal<TestPayload>>,
}

impl Colluder {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId, victim: ReplicaId) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            victim,
            blocks: BTreeMap::new(),
        }
    }

    fn note(&mut self, message: &Message) {
        if let Some(first) = proposed(message) {
            let mut other = first.proposal.clone();
            let digest = other.header.digest();
            other.payload.0.push(0xcc);
            other.header.transactions = other.payload.root();
            self.blocks.insert(digest, other);
        }
    }

    fn vote(&self, block: &Proposal<TestPayload>, phase: Phase) -> Vote {
        let ballot = block.ballot_in(View(1));
        self.signer.vote(ballot, phase)
    }
}

impl Behaviour for Colluder {
    fn outgoing(&mut self, to: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        self.note(&message);
        let ballot: Ballot = match &message {
            Message::PrePrepare(first) => first.vote().ballot,
            Message::Prepare(vote) | Message::Commit(vote) => vote.ballot,
            _ => return vec![message],
        };
        let Some(block) = self.blocks.get(&ballot.digest) else {
            return vec![message];
        };
        if to != self.victim || ballot.view > View(0) {
            return vec![message];
        }
        vec![
            Message::Prepare(self.vote(block, Phase::Prepare)),
            Message::Commit(self.vote(block, Phase::Commit)),
            Message::Proposal(block.clone()),
        ]
    }

    fn incoming(&mut self, message: &Message) {
        self.note(message);
    }
}
