use medshare_consensus::{ViewChange, ViewChangeVote};
use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Claims no certificate in its view changes, whatever it committed.
#[derive(Clone, Debug)]
pub struct Forgetter(Signer);

impl Forgetter {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self(Signer::of(setting, replica))
    }
}

impl Behaviour for Forgetter {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        let Message::ViewChange(change) = message else {
            return vec![message];
        };
        let ViewChangeVote {
            epoch,
            height,
            view,
            ..
        } = change.vote;
        let subject = (epoch, height, view);
        vec![Message::ViewChange(ViewChange {
            vote: self.0.view_change(subject),
            certificate: None,
        })]
    }
}
