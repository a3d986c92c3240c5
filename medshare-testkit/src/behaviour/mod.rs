//! Byzantine behaviours, one a file.
//!
//! A Byzantine member runs an honest replica whose messages are changed on their way out. It holds
//! its own key and no other.

mod bad_signature;
mod equivocator;
mod forger;
mod future_time;
mod replayer;
mod silent;
mod wrong_roots;

pub use bad_signature::BadSignatureVoter;
pub use equivocator::Equivocator;
pub use forger::Forger;
pub use future_time::FutureTimePrimary;
pub use replayer::Replayer;
pub use silent::Silent;
pub use wrong_roots::WrongRootsPrimary;

use medshare_consensus::{PrePrepare, Proposal, Vote};
use medshare_types::certificate::Phase;
use medshare_types::id::{ChainId, ReplicaId};
use medshare_types::sign::SigningKey;

use crate::setting::{Message, Setting, TestPayload};
use crate::sim_rng::SimRng;

/// A deviation from the protocol.
pub trait Behaviour {
    /// The messages that go to `to` in place of `message`.
    fn outgoing(&mut self, to: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message>;

    /// Observes a message that arrives.
    fn incoming(&mut self, _message: &Message) {}
}

/// The chain and key that a Byzantine member signs with.
#[derive(Clone, Debug)]
struct Signer {
    chain: ChainId,
    key: SigningKey,
}

impl Signer {
    fn of(setting: &Setting, replica: ReplicaId) -> Self {
        Self {
            chain: setting.chain(),
            key: setting.key(replica).clone(),
        }
    }

    /// Signs a changed proposal like an honest primary would.
    fn propose(&self, proposal: Proposal<TestPayload>) -> PrePrepare<TestPayload> {
        let vote = Vote::sign(&self.chain, proposal.ballot(), Phase::Prepare, &self.key);
        PrePrepare {
            proposal,
            signature: vote.signature,
        }
    }
}
