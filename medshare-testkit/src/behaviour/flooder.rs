use medshare_consensus::{Message as Consensus, ViewChange};
use medshare_types::certificate::{Ballot, Phase};
use medshare_types::hash::digest;
use medshare_types::id::{Epoch, Height, ReplicaId, View};

use super::{Behaviour, Signer, proposed};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Messages of its own beside each that the protocol asks for.
const MORE: u64 = 6;

/// Sends good signatures for whatever epoch, height, view and block comes to its mind, so that others
/// hold as much of it as they will.
#[derive(Clone, Debug)]
pub struct Flooder {
    signer: Signer,
    height: Height,
    epoch: Epoch,
}

impl Flooder {
    /// Takes `replica`'s seat and signs with its key.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId) -> Self {
        Self {
            signer: Signer::of(setting, replica),
            height: Height(1),
            epoch: Epoch(0),
        }
    }

    fn nonsense(&self, rng: &mut SimRng) -> Message {
        let epoch = Epoch(self.epoch.0 + rng.below(2));
        let height = Height((self.height.0 + rng.below(4)).saturating_sub(1));
        let view = View(rng.below(200));
        let ballot = Ballot {
            epoch,
            view,
            height,
            digest: digest(
                "medshare/testkit/flood/v1",
                &[&rng.next_u64().to_le_bytes()],
            ),
        };
        match rng.below(6) {
            0 => Consensus::Prepare(self.signer.vote(ballot, Phase::Prepare)),
            1 => Consensus::Commit(self.signer.vote(ballot, Phase::Commit)),
            2 => Consensus::Late(self.signer.late((epoch, height, view))),
            3 => Consensus::Status {
                height: Height(rng.next_u64()),
            },
            4 => Consensus::Fetch { from: height },
            _ => Consensus::ViewChange(ViewChange {
                vote: self.signer.view_change((epoch, height, view)),
                certificate: None,
            }),
        }
    }
}

impl Behaviour for Flooder {
    fn outgoing(&mut self, _: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message> {
        let mut messages: Vec<_> = (0..MORE).map(|_| self.nonsense(rng)).collect();
        messages.push(message);
        messages
    }

    fn incoming(&mut self, message: &Message) {
        if let Some(pre_prepare) = proposed(message) {
            let header = &pre_prepare.proposal.header;
            self.height = self.height.max(header.height);
            self.epoch = self.epoch.max(header.epoch);
        }
    }
}
