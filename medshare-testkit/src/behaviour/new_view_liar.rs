use medshare_consensus::{NewView, Payload, Proposal};
use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting, TestPayload};
use crate::sim_rng::SimRng;

/// As primary of a later view, drops the certificates that it was sent and proposes a block of its
/// own: to some members with its own claim taken back, to others with the claims unproven.
#[derive(Clone, Debug)]
pub struct NewViewLiar {
    signer: Signer,
    replica: ReplicaId,
}

impl NewViewLiar {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            replica,
        }
    }

    /// Signs the own view change again, without a claim.
    fn take_back(&self, new_view: &mut NewView<TestPayload>) {
        let changes = new_view.proof.view_changes.iter_mut();
        for (_, vote) in changes.filter(|(seat, _)| *seat == self.replica) {
            let subject = (vote.epoch, vote.height, vote.view);
            *vote = self.signer.view_change(subject);
        }
    }

    fn own_block(&self, mut proposal: Proposal<TestPayload>, to: u8) -> Proposal<TestPayload> {
        proposal.payload.0.push(to);
        proposal.header.transactions = proposal.payload.root();
        proposal.header.proposer = self.replica;
        proposal
    }
}

impl Behaviour for NewViewLiar {
    fn outgoing(&mut self, to: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message> {
        let Message::NewView(mut new_view) = message else {
            return vec![message];
        };
        let view = new_view.pre_prepare.view;
        if rng.chance(500) {
            self.take_back(&mut new_view);
        }
        new_view.proof.certificate = None;
        let side = to.0.to_le_bytes()[0] % 2;
        let mut proposal = self.own_block(new_view.pre_prepare.proposal, side);
        proposal.header.view = view;
        new_view.pre_prepare = self.signer.propose(view, proposal);
        vec![Message::NewView(new_view)]
    }
}
