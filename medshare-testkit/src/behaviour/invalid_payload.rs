use medshare_consensus::Payload;
use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting, TestPayload};
use crate::sim_rng::SimRng;

/// Proposes blocks that every application refuses.
#[derive(Clone, Debug)]
pub struct InvalidPayloadPrimary(Signer);

impl InvalidPayloadPrimary {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self(Signer::of(setting, replica))
    }
}

impl Behaviour for InvalidPayloadPrimary {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        vec![self.0.change(message, |mut proposal| {
            proposal.payload = TestPayload(TestPayload::INVALID.to_vec());
            proposal.header.transactions = proposal.payload.root();
            proposal
        })]
    }
}
