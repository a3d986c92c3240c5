use medshare_consensus::ViewChange;
use medshare_types::id::{Epoch, Height, ReplicaId, View};

use super::{Behaviour, Signer, proposed};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Gives up views far ahead with every message it sends.
#[derive(Clone, Debug)]
pub struct Restless {
    signer: Signer,
    height: Height,
    epoch: Epoch,
}

impl Restless {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            height: Height(1),
            epoch: setting.committee().epoch(),
        }
    }
}

impl Behaviour for Restless {
    fn outgoing(&mut self, _: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message> {
        let view = View(1 + rng.next_u64() % 40);
        let subject = (self.epoch, self.height, view);
        let vote = self.signer.view_change(subject);
        let change = ViewChange {
            vote,
            certificate: None,
        };
        vec![Message::ViewChange(change), message]
    }

    fn incoming(&mut self, message: &Message) {
        if let Some(pre_prepare) = proposed(message) {
            let header = &pre_prepare.proposal.header;
            self.height = self.height.max(header.height);
            self.epoch = self.epoch.max(header.epoch);
        }
    }
}
