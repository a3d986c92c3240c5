//! A node whose disk is full: it keeps its channels and its waiting transactions, and goes on by
//! itself once there is room.
//!
//! A paused node has no replica and no ledger, so it cannot vote, propose, or release by a state
//! older than one that it answered from before. It refuses every request with
//! [`RefusalCode::DiskFull`], but tells how it is. Resuming is what a start does: what was durable
//! of the log is written to a new file, the ledger is opened again and brought up to date from the
//! log, and the replica recovers from both. So a vote that left is remembered, and one that was not
//! durable never left.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use medshare_consensus::Replica;
use medshare_host::{Machine, blocking};
use medshare_ledger::{
    CertifiedHeader, LedgerStore, MemberStatus, RefusalCode, RpcRequest, RpcResponse, StoreError,
};
use medshare_types::{Genesis, ReplicaId, SigningKey, Wire as _};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior};

use super::ceremony::Ceremony;
use super::disk::Disk;
use super::open::{open_ledger, recover};
use super::submissions::CheckedQueue;
use super::{ClientRequest, HOUSEKEEPING, Incoming, Node, next_incoming};
use crate::batch::Batch;
use crate::error::NodeError;
use crate::holder::Holder;
use crate::log::{ConsensusLog, LogState};
use crate::mempool::Mempool;
use crate::subscriptions::Subscriptions;
use crate::transport::Link;
use crate::worker_pool::Workers;

/// Longest pause between two attempts to open the files.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// All of a node but its files and the replica that rests on them.
pub(super) struct Paused {
    genesis: Arc<Genesis>,
    own: ReplicaId,
    folder: PathBuf,
    machine: Arc<dyn Machine>,
    log: Arc<Mutex<ConsensusLog>>,
    link: Link,
    requests: mpsc::Receiver<ClientRequest>,
    mempool: Mempool,
    subscriptions: Subscriptions,
    checked: CheckedQueue,
    holder: Arc<Holder>,
    ceremony: Ceremony,
    shut_down: oneshot::Receiver<()>,
    disk: Disk,
    tip: Option<CertifiedHeader>,
    primary: ReplicaId,
    /// As when it paused.
    lost: bool,
    lacks_share: bool,
    /// Earliest next attempt to open the files, and the pause after it.
    attempt: (Instant, Duration),
}

/// The ledger, and the replica as ledger and log left it.
type Opened = (LedgerStore, Replica<Batch>, LogState);

type Opening = Pin<Box<dyn Future<Output = Result<Opened, NodeError>> + Send>>;

impl Paused {
    /// Closes the node's ledger and takes everything else over.
    pub(super) async fn of(node: Node) -> Result<Self, NodeError> {
        // Running work uses the ledger.
        node.workers.close().await;
        let Node {
            genesis,
            own,
            folder,
            machine,
            replica,
            log,
            marked_lost: _,
            ledger,
            link,
            requests,
            mempool,
            subscriptions,
            workers: _,
            checked,
            holder,
            ceremony,
            resend_at: _,
            block_wanted: _,
            shut_down,
            mut disk,
            tip,
        } = node;
        disk.is_full(machine.now());
        let primary = replica.primary();
        let lost = replica.is_lost();
        // Closing makes durable what can be made so.
        blocking(move || drop(ledger)).await?;
        Ok(Self {
            genesis,
            own,
            folder,
            machine,
            log,
            link,
            requests,
            mempool,
            subscriptions,
            checked,
            holder,
            ceremony,
            shut_down,
            disk,
            tip,
            primary,
            lost,
            lacks_share: false,
            attempt: (Instant::now() + HOUSEKEEPING, HOUSEKEEPING),
        })
    }

    /// Refuses requests until there is room, and returns the node that goes on; `None` when it is
    /// asked to stop or no client is left.
    pub(super) async fn wait(mut self) -> Result<Option<Node>, NodeError> {
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut opening: Option<Opening> = None;
        loop {
            tokio::select! {
                biased;
                _ = &mut self.shut_down => break,
                opened = poll_opening(&mut opening), if opening.is_some() => {
                    opening = None;
                    match opened {
                        Ok(opened) => return self.resume(opened).map(Some),
                        Err(error) if is_passing(&error) => self.back_off(&error),
                        Err(error) => return Err(error),
                    }
                }
                _ = housekeeping.tick() => {
                    self.subscriptions.expire();
                    if opening.is_none() && self.attempt.0 <= Instant::now() {
                        opening = Some(self.open());
                    }
                }
                incoming = next_incoming(
                    &mut self.link.inbound,
                    &mut self.requests,
                    &mut self.checked,
                ) => {
                    match incoming {
                        // Peers send again what matters.
                        Some(Incoming::Frame(..)) => {}
                        Some(Incoming::Request(ClientRequest { request, answer, slot })) => {
                            drop(slot);
                            self.on_request(&request, answer);
                        }
                        Some(Incoming::Checked(submission)) => {
                            submission.refuse(&self.refusal());
                        }
                        None => break,
                    }
                }
            }
        }
        if let Some(opening) = opening {
            // Its files are closed before the node ends.
            drop(opening.await);
        }
        Ok(None)
    }

    /// Opens the files on a blocking thread, once the disk has as much room as it should keep.
    fn open(&self) -> Opening {
        let genesis = Arc::clone(&self.genesis);
        let own = self.own;
        let folder = self.folder.clone();
        let machine = Arc::clone(&self.machine);
        let log = Arc::clone(&self.log);
        let signing_key = self.holder.secrets().signing_key.clone();
        let disk = self.disk;
        Box::pin(async move {
            blocking(move || {
                disk.require_room(&folder, &*machine)?;
                open_files(&folder, &genesis, own, signing_key, &log, &*machine)
            })
            .await?
        })
    }

    fn back_off(&mut self, error: &NodeError) {
        if matches!(error, NodeError::DiskFull { .. }) {
            // Looking costs nothing.
            self.attempt = (Instant::now(), HOUSEKEEPING);
            return;
        }
        tracing::warn!(member = %self.own, %error, "the node cannot go on yet");
        let (_, pause) = self.attempt;
        self.attempt = (Instant::now() + pause, MAX_PAUSE.min(2 * pause));
    }

    fn resume(self, (ledger, replica, state): Opened) -> Result<Node, NodeError> {
        tracing::info!(member = %self.own, "the disk has room again");
        let Self {
            genesis,
            own,
            folder,
            machine,
            log,
            link,
            requests,
            mut mempool,
            subscriptions,
            checked,
            holder,
            ceremony,
            shut_down,
            mut disk,
            tip,
            ..
        } = self;
        let mut ordered = Vec::new();
        for id in mempool.ids() {
            if ledger.transaction_height(&id)?.is_some() {
                ordered.push(id);
            }
        }
        mempool.remove(ordered);
        disk.has_room();
        Ok(Node {
            genesis,
            own,
            folder,
            machine,
            replica,
            log,
            marked_lost: matches!(state, LogState::Lost(_)),
            ledger: Arc::new(ledger),
            link,
            requests,
            mempool,
            subscriptions,
            workers: Workers::default(),
            checked,
            holder,
            ceremony,
            resend_at: None,
            block_wanted: false,
            shut_down,
            disk,
            tip,
        })
    }

    fn on_request(&self, request: &[u8], answer: oneshot::Sender<Vec<u8>>) {
        let response = match RpcRequest::from_wire(request) {
            Ok(RpcRequest::Status) => RpcResponse::Status(Box::new(self.status())),
            Ok(_) => self.refusal(),
            Err(error) => RpcResponse::refused(RefusalCode::Undecodable, error.to_string()),
        };
        // The client may have hung up.
        let _ = answer.send(response.to_wire());
    }

    fn refusal(&self) -> RpcResponse {
        self.disk.refusal(&self.genesis, self.own)
    }

    fn status(&self) -> MemberStatus {
        #[expect(clippy::expect_used, reason = "the pool is bounded far below")]
        let waiting = u32::try_from(self.mempool.len()).expect("a bounded pool");
        MemberStatus {
            tip: self.tip.clone(),
            clock: self.machine.now(),
            primary: self.primary,
            waiting,
            disk_free: self.machine.free_bytes(&self.folder),
            lost: self.lost,
            lacks_share: self.lacks_share,
            refusing: self.disk.refusing(),
        }
    }
}

async fn poll_opening(opening: &mut Option<Opening>) -> Result<Opened, NodeError> {
    match opening {
        Some(opening) => opening.await,
        None => std::future::pending().await,
    }
}

/// Whether another attempt may succeed: without room, or while work that is ending has the ledger
/// open.
fn is_passing(error: &NodeError) -> bool {
    error.is_disk_full() || matches!(error, NodeError::Ledger(StoreError::InUse))
}

fn open_files(
    folder: &Path,
    genesis: &Genesis,
    own: ReplicaId,
    signing_key: SigningKey,
    log: &Mutex<ConsensusLog>,
    machine: &dyn Machine,
) -> Result<Opened, NodeError> {
    machine
        .before_write()
        .map_err(|source| StoreError::Io { source })?;
    let ledger = open_ledger(folder, genesis)?;
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    let frames = log.recover()?;
    let state = log.state();
    drop(log);
    let replica = recover(genesis, own, signing_key, &ledger, &frames, state)?;
    Ok((ledger, replica, state))
}
