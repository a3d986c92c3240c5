use std::collections::BTreeMap;

use medshare_consensus::{Payload, Recalled};
use medshare_types::hash::Digest;
use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer, proposed};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Within so many proposals the victim is shown its block.
const FIRST: u32 = 9;

/// As primary, shows a block to one member, waits until that member may have lost its vote, and then
/// proposes another block to all. Denies to have voted.
#[derive(Clone, Debug)]
pub struct PatientEquivocator {
    signer: Signer,
    victim: ReplicaId,
    patience: u32,
    /// Proposals held back or changed, by the header of the block for all.
    shown: BTreeMap<Digest, u32>,
}

impl PatientEquivocator {
    /// Takes `replica`'s seat. After `patience` proposals, one an addressee, all members get the block
    /// that `victim` was not shown; proposals are sent again every tick.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId, victim: ReplicaId, patience: u32) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            victim,
            patience,
            shown: BTreeMap::new(),
        }
    }
}

impl Behaviour for PatientEquivocator {
    fn outgoing(&mut self, to: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        if let Message::Recalled(answer) = message {
            let voted = false;
            return vec![Message::Recalled(Recalled { voted, ..answer })];
        }
        let Some(first) = proposed(&message) else {
            return vec![message];
        };
        let shown = self
            .shown
            .entry(first.proposal.header.digest())
            .or_default();
        if *shown >= self.patience {
            return vec![message];
        }
        *shown += 1;
        if to != self.victim || *shown > FIRST {
            return Vec::new();
        }
        vec![self.signer.change(message, |mut proposal| {
            proposal.payload.0.push(0xcc);
            proposal.header.transactions = proposal.payload.root();
            proposal
        })]
    }
}
