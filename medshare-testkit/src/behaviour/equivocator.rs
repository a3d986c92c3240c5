use std::collections::{BTreeMap, BTreeSet};

use medshare_consensus::{Payload, Proposal, Vote};
use medshare_types::certificate::Phase;
use medshare_types::hash::Digest;
use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer, proposed};
use crate::setting::{Message, Setting, TestPayload};
use crate::sim_rng::SimRng;

/// As primary, sends one block to most members and a second one to some; votes for both, as primary
/// or accomplice. Accomplices need not communicate: the second block follows from the first.
#[derive(Clone, Debug)]
pub struct Equivocator {
    signer: Signer,
    deceived: BTreeSet<ReplicaId>,
    careless: bool,
    second: BTreeMap<Digest, Proposal<TestPayload>>,
}

impl Equivocator {
    /// Takes `replica`'s seat. `deceived` members get the second block; when `careless`, the first
    /// as well.
    #[must_use]
    pub fn new(
        setting: &Setting,
        replica: ReplicaId,
        deceived: impl IntoIterator<Item = ReplicaId>,
        careless: bool,
    ) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            deceived: deceived.into_iter().collect(),
            careless,
            second: BTreeMap::new(),
        }
    }

    fn learn(&mut self, first: &Proposal<TestPayload>) -> Proposal<TestPayload> {
        let mut second = first.clone();
        second.payload.0.push(0xee);
        second.header.transactions = second.payload.root();
        self.second.insert(first.header.digest(), second.clone());
        second
    }

    fn vote(&self, vote: Vote, phase: Phase) -> Vote {
        let second = self.second.get(&vote.ballot.digest);
        second.map_or(vote, |second| {
            let ballot = second.ballot_in(vote.ballot.view);
            self.signer.vote(ballot, phase)
        })
    }
}

impl Behaviour for Equivocator {
    fn outgoing(&mut self, to: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        if !self.deceived.contains(&to) {
            return vec![message];
        }
        if let Some(first) = proposed(&message) {
            let second = self.learn(&first.proposal.clone());
            let changed = self.signer.change(message.clone(), |_| second);
            let first = self.careless.then_some(message);
            return core::iter::once(changed).chain(first).collect();
        }
        match message {
            Message::Prepare(vote) => vec![Message::Prepare(self.vote(vote, Phase::Prepare))],
            Message::Commit(vote) => vec![Message::Commit(self.vote(vote, Phase::Commit))],
            other => vec![other],
        }
    }

    fn incoming(&mut self, message: &Message) {
        if let Some(first) = proposed(message) {
            self.learn(&first.proposal);
        }
    }
}
