use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Proposes blocks of a time to come.
#[derive(Clone, Debug)]
pub struct FutureTimePrimary {
    signer: Signer,
    ahead_ms: u64,
}

impl FutureTimePrimary {
    /// For the primary's seat; blocks are timed `ahead_ms` too late.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId, ahead_ms: u64) -> Self {
        let signer = Signer::of(setting, replica);
        Self { signer, ahead_ms }
    }
}

impl Behaviour for FutureTimePrimary {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        vec![match message {
            Message::PrePrepare(mut pre_prepare) => {
                let header = &mut pre_prepare.proposal.header;
                header.time = header.time.plus_millis(self.ahead_ms);
                Message::PrePrepare(self.signer.propose(pre_prepare.proposal))
            }
            other => other,
        }]
    }
}
