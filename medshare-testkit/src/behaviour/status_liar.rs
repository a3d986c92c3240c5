use medshare_consensus::{Payload, Recalled};
use medshare_types::id::{Height, ReplicaId};

use super::{Behaviour, proposed};
use crate::setting::Message;
use crate::sim_rng::SimRng;

/// Claims heights that do not exist, serves no block, and answers questions for a block of the
/// undecided height with another one.
#[derive(Clone, Copy, Debug)]
pub struct StatusLiar;

impl StatusLiar {
    fn height(rng: &mut SimRng) -> Height {
        if rng.chance(500) {
            Height(u64::MAX)
        } else {
            Height(rng.below(40))
        }
    }
}

impl Behaviour for StatusLiar {
    fn outgoing(&mut self, _: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message> {
        match message {
            Message::Status { .. } => {
                let height = Self::height(rng);
                vec![Message::Status { height }]
            }
            Message::Recalled(answer) => vec![Message::Recalled(Recalled {
                height: Self::height(rng),
                voted: rng.chance(500),
                ..answer
            })],
            Message::Decided(_) => Vec::new(),
            Message::Proposal(mut proposal) => {
                proposal.payload.0.push(0xdd);
                proposal.header.transactions = proposal.payload.root();
                vec![Message::Proposal(proposal)]
            }
            other if proposed(&other).is_none() && rng.chance(100) => {
                let height = Self::height(rng);
                vec![Message::Status { height }, other]
            }
            other => vec![other],
        }
    }
}
