//! A node whose disk is full: it keeps its channels and its waiting transactions, and goes on by
//! itself once there is room.
//!
//! A paused node has no replica and no ledger, so it cannot vote, propose, or release by a state
//! older than one that it answered from before. It refuses every request with
//! [`RefusalCode::DiskFull`], but tells how it is. Resuming is what a start does: what was durable
//! of the log is written to a new file, the ledger is opened again and brought up to date from the
//! log, and the replica recovers from both. So a vote that left is remembered, and one that was not
//! durable never left.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use medshare_host::Machine;
use medshare_ledger::{MemberStatus, RefusalCode, RpcRequest, RpcResponse, StoreError};
use medshare_types::{Genesis, ReplicaId, SigningKey, Wire as _};
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior};

use super::incoming::{Incoming, next_incoming};
use super::open::{Opened, open_ledger, recover, tip};
use super::shell::{Shell, Standing};
use super::{ClientRequest, HOUSEKEEPING, Node};
use crate::error::NodeError;
use crate::log::{ConsensusLog, LogState};
use crate::mempool::Mempool;
use crate::mutation::Mutant;
use crate::volume::Volume;

/// Longest pause between two attempts to open the files.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// A node that waits for room.
pub(super) struct Paused {
    shell: Shell,
    /// As when it paused.
    standing: Standing,
    /// Earliest next attempt to open the files, and the pause after it.
    attempt: (Instant, Duration),
}

type Opening = Pin<Box<dyn Future<Output = Result<Opened, NodeError>> + Send>>;

impl Paused {
    /// Closes the node's ledger and takes everything else over.
    pub(super) async fn of(node: Node) -> Result<Self, NodeError> {
        // Running work uses the ledger.
        node.workers.close().await;
        let Node {
            mut shell,
            replica,
            ledger,
            ..
        } = node;
        shell.disk.is_full(shell.machine.now());
        let standing = Standing {
            primary: replica.primary(),
            lost: replica.is_lost(),
            lacks_share: false,
        };
        // Closing makes durable what can be made so.
        shell.machine.blocking(move || drop(ledger)).await?;
        Ok(Self {
            shell,
            standing,
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
                _ = &mut self.shell.shut_down => break,
                opened = poll_opening(&mut opening), if opening.is_some() => {
                    opening = None;
                    match opened {
                        Ok(opened) => return self.resume(opened).map(Some),
                        Err(error) if is_passing(&error) => self.back_off(&error),
                        Err(error) => return Err(error),
                    }
                }
                _ = housekeeping.tick() => {
                    self.shell.subscriptions.expire();
                    if opening.is_none() && self.attempt.0 <= Instant::now() {
                        opening = Some(self.open());
                    }
                }
                incoming = next_incoming(
                    &mut self.shell.turn,
                    &mut self.shell.link.inbound,
                    &mut self.shell.requests,
                    &mut self.shell.checked,
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
        let genesis = Arc::clone(&self.shell.genesis);
        let own = self.shell.own;
        let folder = self.shell.folder.clone();
        let machine = Arc::clone(&self.shell.machine);
        let volume = Arc::clone(&self.shell.volume);
        let log = Arc::clone(&self.shell.log);
        let signing_keys = self.shell.signing_keys();
        let disk = self.shell.disk;
        Box::pin(async move {
            let below = Arc::clone(&machine);
            let open = move || {
                disk.require_room(&folder, &*below)?;
                open_files(&*volume, &genesis, own, signing_keys, &log, &*below)
            };
            machine.blocking(open).await?
        })
    }

    fn back_off(&mut self, error: &NodeError) {
        if matches!(error, NodeError::DiskFull { .. }) {
            // Looking costs nothing.
            self.attempt = (Instant::now(), HOUSEKEEPING);
            return;
        }
        tracing::warn!(member = %self.shell.own, %error, "the node cannot go on yet");
        let (_, pause) = self.attempt;
        self.attempt = (Instant::now() + pause, MAX_PAUSE.min(2 * pause));
    }

    fn resume(self, opened: Opened) -> Result<Node, NodeError> {
        let mut shell = self.shell;
        tracing::info!(member = %shell.own, "the disk has room again");
        if shell.mutation.is(Mutant::PauseForgetsTransactions) {
            shell.mempool = Mempool::new(shell.genesis.members.len());
        }
        let mut ordered = Vec::new();
        for id in shell.mempool.ids() {
            if opened.ledger.transaction_height(&id)?.is_some() {
                ordered.push(id);
            }
        }
        shell.mempool.remove(ordered);
        shell.disk.has_room();
        Ok(Node::on(shell, opened))
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
        self.shell.disk.refusal(&self.shell.genesis, self.shell.own)
    }

    fn status(&self) -> MemberStatus {
        let disk_free = self.shell.machine.free_bytes(&self.shell.folder);
        MemberStatus {
            disk_free,
            ..self.shell.status(self.standing)
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
    volume: &dyn Volume,
    genesis: &Genesis,
    own: ReplicaId,
    signing_keys: Vec<SigningKey>,
    log: &Mutex<ConsensusLog>,
    machine: &dyn Machine,
) -> Result<Opened, NodeError> {
    machine
        .before_write()
        .map_err(|source| StoreError::Io { source })?;
    let ledger = open_ledger(volume, genesis)?;
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    let frames = log.recover()?;
    let state = log.state();
    drop(log);
    let tip = tip(&ledger, genesis)?;
    let record = tip.record.clone();
    let replica = recover(genesis, own, signing_keys, tip, &frames, state)?;
    Ok(Opened {
        ledger,
        record,
        replica,
        lost: matches!(state, LogState::Lost(_)),
    })
}
