use std::collections::BTreeSet;

use medshare_types::id::ReplicaId;

use super::Behaviour;
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Follows the protocol towards most members, and sends nothing to some.
#[derive(Clone, Debug)]
pub struct LeaveOut {
    left_out: BTreeSet<ReplicaId>,
}

impl LeaveOut {
    /// Sends nothing to `left_out`.
    #[must_use]
    pub fn new(left_out: impl IntoIterator<Item = ReplicaId>) -> Self {
        Self {
            left_out: left_out.into_iter().collect(),
        }
    }
}

impl Behaviour for LeaveOut {
    fn outgoing(&mut self, to: ReplicaId, message: Message, _: &mut SimRng) -> Vec<Message> {
        if self.left_out.contains(&to) {
            Vec::new()
        } else {
            vec![message]
        }
    }
}
