//! What a node keeps while it runs and while it is paused.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use medshare_consensus::Now;
use medshare_host::Machine;
use medshare_ledger::{CertifiedHeader, MemberStatus};
use medshare_types::{Genesis, ReplicaId, SigningKey};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::ClientRequest;
use super::ceremony::Ceremony;
use super::disk::Disk;
use super::incoming::Turn;
use super::submissions::CheckedQueue;
use super::voting_key::NextKey;
use crate::holder::Holder;
use crate::log::ConsensusLog;
use crate::mempool::Mempool;
use crate::mutation::Mutation;
use crate::subscriptions::Subscriptions;
use crate::transport::Link;
use crate::volume::Volume;

/// All of a node but its ledger and the replica that rests on ledger and log.
pub(super) struct Shell {
    pub(super) genesis: Arc<Genesis>,
    pub(super) own: ReplicaId,
    /// Names the node's files in errors.
    pub(super) folder: PathBuf,
    pub(super) volume: Arc<dyn Volume>,
    pub(super) machine: Arc<dyn Machine>,
    /// Start of the monotonic clock.
    pub(super) started: Instant,
    pub(super) log: Arc<Mutex<ConsensusLog>>,
    pub(super) link: Link,
    pub(super) requests: mpsc::Receiver<ClientRequest>,
    pub(super) turn: Turn,
    pub(super) mempool: Mempool,
    pub(super) subscriptions: Subscriptions,
    pub(super) checked: CheckedQueue,
    pub(super) holder: Arc<Holder>,
    pub(super) ceremony: Ceremony,
    pub(super) next_key: NextKey,
    pub(super) shut_down: oneshot::Receiver<()>,
    pub(super) disk: Disk,
    /// The newest block, which a paused node still tells of.
    pub(super) tip: Option<CertifiedHeader>,
    pub(super) mutation: Mutation,
}

/// What a status tells of a replica.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    pub(super) primary: ReplicaId,
    pub(super) lost: bool,
    pub(super) lacks_share: bool,
}

impl Shell {
    /// The keys that the replica may vote with, as far as this node holds them.
    pub(super) fn signing_keys(&self) -> Vec<SigningKey> {
        let own = self.holder.secrets().signing_key.clone();
        [own].into_iter().chain(self.next_key.keys()).collect()
    }

    pub(super) fn now(&self) -> Now {
        let elapsed = self.started.elapsed().as_millis();
        Now {
            wall: self.machine.now(),
            monotonic_ms: u64::try_from(elapsed).unwrap_or(u64::MAX),
        }
    }

    /// The status, but for what the disk has free: looking may take long.
    pub(super) fn status(&self, standing: Standing) -> MemberStatus {
        #[expect(clippy::expect_used, reason = "the pool is bounded far below")]
        let waiting = u32::try_from(self.mempool.len()).expect("a bounded pool");
        MemberStatus {
            tip: self.tip.clone(),
            clock: self.machine.now(),
            primary: standing.primary,
            waiting,
            disk_free: None,
            lost: standing.lost,
            lacks_share: standing.lacks_share,
            refusing: self.disk.refusing(),
        }
    }
}
