//! One file per way to misbehave.
//!
//! A Byzantine member runs an honest replica whose words are twisted on their way out. It holds
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

use crate::setting::{Batch, Message, Setting};
use crate::sim_rng::SimRng;

/// How a Byzantine member deviates.
pub trait Behaviour {
    /// What really goes to `to` in place of `message`.
    fn outgoing(&mut self, to: ReplicaId, message: Message, rng: &mut SimRng) -> Vec<Message>;

    /// Looks at what arrives.
    fn incoming(&mut self, _message: &Message) {}
}

/// What a Byzantine member signs with.
#[derive(Clone, Debug)]
struct Signer {
    chain: ChainId,
    key: SigningKey,
}

impl Signer {
    fn of(setting: &Setting, replica: ReplicaId) -> Self {
        Self {
            chain: setting.chain,
            key: setting.keys[replica.index()].clone(),
        }
    }

    /// Signs a changed proposal as if it were the first.
    fn propose(&self, proposal: Proposal<Batch>) -> PrePrepare<Batch> {
        let vote = Vote::sign(&self.chain, proposal.ballot(), Phase::Prepare, &self.key);
        PrePrepare {
            proposal,
            signature: vote.signature,
        }
    }
}
