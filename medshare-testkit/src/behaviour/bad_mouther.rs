use medshare_types::id::{Epoch, Height, ReplicaId, View};

use super::{Behaviour, Signer, proposed};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Says of every primary that it was late, in several views.
#[derive(Clone, Debug)]
pub struct BadMouther {
    signer: Signer,
    height: Height,
    epoch: Epoch,
}

impl BadMouther {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            height: Height(1),
            epoch: Epoch(0),
        }
    }
}

impl Behaviour for BadMouther {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        let late = |view| {
            let subject = (self.epoch, self.height, View(view));
            Message::Late(self.signer.late(subject))
        };
        vec![late(0), late(1), message]
    }

    fn incoming(&mut self, message: &Message) {
        if let Some(pre_prepare) = proposed(message) {
            let header = &pre_prepare.proposal.header;
            self.height = self.height.max(header.height);
            self.epoch = self.epoch.max(header.epoch);
        }
    }
}
