use medshare_types::hash::Digest;
use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Proposes blocks that name a state no member has.
#[derive(Clone, Debug)]
pub struct WrongRootsPrimary(Signer);

impl WrongRootsPrimary {
    /// Takes `replica`'s seat, the primary's.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self(Signer::of(setting, replica))
    }
}

impl Behaviour for WrongRootsPrimary {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        vec![self.0.change(message, |mut proposal| {
            proposal.header.executed.state = Digest::ZERO;
            proposal
        })]
    }
}
