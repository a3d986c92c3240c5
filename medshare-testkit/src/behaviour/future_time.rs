use medshare_types::id::ReplicaId;

use super::{Behaviour, Signer};
use crate::setting::{Message, Setting};
use crate::sim_rng::SimRng;

/// Proposes blocks dated in the future.
#[derive(Clone, Debug)]
pub struct FutureTimePrimary {
    signer: Signer,
    ahead_ms: u64,
}

impl FutureTimePrimary {
    /// Takes `replica`'s seat, the primary's; blocks are dated `ahead_ms` milliseconds too late.
    #[must_use]
    pub fn new(setting: &Setting, replica: ReplicaId, ahead_ms: u64) -> Self {
        let signer = Signer::of(setting, replica);
        Self { signer, ahead_ms }
    }
}

impl Behaviour for FutureTimePrimary {
    fn outgoing(&mut self, _: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        vec![self.signer.change(message, |mut proposal| {
            let time = proposal.header.time;
            proposal.header.time = time.plus_millis(self.ahead_ms);
            proposal
        })]
    }
}
