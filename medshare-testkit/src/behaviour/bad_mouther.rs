use medshare_consensus::LateVote;
use medshare_types::id::{Epoch, Height, ReplicaId, View};

use super::{Behaviour, Signer, proposed};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Says of every primary that it was late, in several views.
#[derive(Clone, Debug)]
pub struct BadMouther {
    signer: Signer,
    height: Height,
}

impl BadMouther {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            height: Height(1),
        }
    }
}

impl Behaviour for BadMouther {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        let late = |view| {
            let subject = (Epoch(0), self.height, View(view));
            Message::Late(LateVote::sign(
                &self.signer.chain,
                subject,
                &self.signer.key,
            ))
        };
        vec![late(0), late(1), message]
    }

    fn incoming(&mut self, message: &Message) {
        if let Some(pre_prepare) = proposed(message) {
            self.height = self.height.max(pre_prepare.proposal.header.height);
        }
    }
}
