//! The node's one task: frames, requests and timers in; log, ledger and answers out.
//!
//! Everything that changes the node happens in this task, in order. Work over a millisecond
//! (executing, checking signatures, syncing) runs on a blocking thread while the task waits;
//! what clients ask for is checked, proven and computed beside it, so the task waits for no client.

mod ceremony;
mod disk;
mod gossip;
mod incoming;
mod open;
mod paused;
mod propose;
mod requests;
mod shell;
mod submissions;
mod timers;
mod voting_key;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use medshare_consensus::{
    Authenticated, ChainRecord, Effect, Input, LogPosition, LogRecord, Message, Output, Proposal,
    Replica,
};
use medshare_ledger::{CertifiedHeader, LedgerStore, StoreError, Transaction};
use medshare_types::{CommitCertificate, Height, ReplicaId, Wire};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use self::incoming::{Incoming, next_incoming};
pub(crate) use self::open::Surroundings;
use self::paused::Paused;
use self::propose::Pace;
use self::shell::Shell;
use self::timers::Timers;
use crate::batch::Batch;
use crate::error::NodeError;
use crate::executor;
use crate::log::{ConsensusLog, MAX_BODY_LEN};
use crate::mempool::{Admission, Heard};
use crate::mutation::Mutant;
use crate::peer::PeerMessage;
use crate::worker_pool::Workers;

/// Interval at which the ledger is made durable and the log cut, blocks (K).
const CHECKPOINT_INTERVAL: u64 = 16;
const HOUSEKEEPING: Duration = Duration::from_millis(250);

const _: () = assert!(<LogRecord<Batch> as Wire>::MAX_LEN <= MAX_BODY_LEN);

/// A client's encoded request, and the channel for its encoded answer.
pub(crate) struct ClientRequest {
    pub(crate) request: Vec<u8>,
    pub(crate) answer: oneshot::Sender<Vec<u8>>,
    /// The client's room in the queue, until the request is taken out of it.
    pub(crate) slot: OwnedSemaphorePermit,
}

/// The process of an organisation. Its state belongs to one task.
pub(crate) struct Node {
    shell: Shell,
    replica: Replica<Batch>,
    /// The log carries the mark of a loss.
    marked_lost: bool,
    ledger: Arc<LedgerStore>,
    /// What the blocks in the ledger recorded of their committee.
    record: ChainRecord,
    workers: Workers,
    timers: Timers,
    pace: Pace,
}

impl Node {
    /// Runs until its handle is gone or asks it to stop; then makes the ledger durable. While its
    /// disk is full it is [paused].
    ///
    /// # Errors
    /// [`NodeError`] when the node cannot go on; nothing is half-written then.
    pub(crate) async fn run(mut self) -> Result<(), NodeError> {
        while let Err(error) = self.work().await {
            if !error.is_disk_full() {
                return Err(error);
            }
            self.tell_pause(&error);
            match Paused::of(self).await?.wait().await? {
                Some(node) => self = node,
                None => return Ok(()),
            }
        }
        self.workers.close().await;
        self.checkpoint(self.ledger.height()?).await
    }

    fn tell_pause(&self, error: &NodeError) {
        // With its sources.
        let error: &dyn std::error::Error = error;
        tracing::error!(member = %self.shell.own, error, "the disk is full: the node pauses");
    }

    /// Works until the handle is gone or asks the node to stop.
    async fn work(&mut self) -> Result<(), NodeError> {
        self.shell
            .disk
            .look(&self.shell.folder, &*self.shell.machine);
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        housekeeping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.step_ceremony().await?;
        self.drive().await?;
        loop {
            tokio::select! {
                // In this order a flood of frames or requests does not delay the timers.
                biased;
                _ = &mut self.shell.shut_down => break,
                timer = self.timers.due() => {
                    self.timers.cancel(timer);
                    self.feed(Input::Timer(timer));
                }
                _ = housekeeping.tick() => {
                    self.shell.subscriptions.expire();
                    self.rebroadcast();
                    self.pass_on_need_of_block();
                    if self.shell.disk.look(&self.shell.folder, &*self.shell.machine) {
                        self.step_ceremony().await?;
                    }
                }
                incoming = next_incoming(
                    &mut self.shell.turn,
                    &mut self.shell.link.inbound,
                    &mut self.shell.requests,
                    &mut self.shell.checked,
                ) => {
                    match incoming {
                        Some(Incoming::Frame(sender, frame)) => {
                            self.on_frame(sender, &frame).await?;
                        }
                        Some(Incoming::Request(ClientRequest { request, answer, slot })) => {
                            drop(slot);
                            self.on_request(&request, answer)?;
                        }
                        Some(Incoming::Checked(submission)) => self.on_checked(submission)?,
                        None => break,
                    }
                }
            }
            self.drive().await?;
        }
        Ok(())
    }

    async fn on_frame(&mut self, sender: ReplicaId, frame: &Bytes) -> Result<(), NodeError> {
        match PeerMessage::from_wire(frame) {
            Ok(PeerMessage::Consensus(bytes)) => match Message::from_wire(&bytes) {
                Ok(message) => self.feed(Input::Message(Authenticated { sender, message })),
                Err(error) => tracing::debug!(%sender, %error, "undecodable message"),
            },
            Ok(PeerMessage::Transaction(bytes)) => match Wire::from_wire(&bytes) {
                Ok(transaction) => {
                    let admission = self.admit(transaction, Heard::FromPeer).await?;
                    self.pace.turned_away |= admission == Admission::DiskLow;
                }
                Err(error) => tracing::debug!(%sender, %error, "undecodable transaction"),
            },
            Ok(PeerMessage::BlockWanted) => self.pace.block_wanted = true,
            Err(error) => tracing::debug!(%sender, %error, "undecodable frame"),
        }
        Ok(())
    }

    /// Gives the replica an input. A rejection is a peer's fault or a late echo, not an error here.
    fn feed(&mut self, input: Input<Batch>) {
        if let Err(rejected) = self.replica.handle(self.shell.now(), input) {
            tracing::debug!(member = %self.shell.own, %rejected, "input rejected");
        }
    }

    /// Carries out the replica's outputs until there are no more.
    async fn drive(&mut self) -> Result<(), NodeError> {
        loop {
            if let Some(position) = self.drain().await? {
                if self.shell.mutation.is(Mutant::SyncAfterSending) {
                    self.feed(Input::Persisted(position));
                    while let Some(position) = self.drain().await? {
                        self.feed(Input::Persisted(position));
                    }
                }
                // One sync covers every record written so far.
                self.with_log(ConsensusLog::sync).await?;
                self.feed(Input::Persisted(position));
            } else if !self.tell_of_waiting()? && !self.propose_if_due() {
                return self.end_loss().await;
            }
        }
    }

    /// Carries out outputs, and returns the position of the last vote that has to become durable.
    async fn drain(&mut self) -> Result<Option<LogPosition>, NodeError> {
        let mut voted = None;
        while let Some(output) = self.replica.poll_output() {
            match output {
                Output::Persist { position, record } => {
                    self.append(&record);
                    voted = record.is_vote().then_some(position).or(voted);
                }
                Output::Effect(effect) => self.carry_out(effect).await?,
            }
        }
        Ok(voted)
    }

    /// Removes the mark of a loss that is over, once every record that ended it is durable.
    async fn end_loss(&mut self) -> Result<(), NodeError> {
        if self.marked_lost && !self.replica.is_lost() {
            self.with_log(ConsensusLog::end_loss).await?;
            self.marked_lost = false;
            tracing::info!(member = %self.shell.own, "the lost votes are passed: voting again");
        }
        Ok(())
    }

    async fn carry_out(&mut self, effect: Effect<Batch>) -> Result<(), NodeError> {
        match effect {
            Effect::Validate(proposal) => self.validate(proposal).await?,
            Effect::SetTimer { timer, after_ms } => self.timers.set(timer, after_ms),
            Effect::CancelTimer(timer) => self.timers.cancel(timer),
            Effect::Send { to, message } => self.send(&to, &message),
            Effect::Commit {
                proposal,
                certificate,
            } => {
                self.commit(proposal, certificate).await?;
            }
            Effect::Misbehaviour(evidence) => self.report(&evidence).await?,
            Effect::Serve { to, from, until } => self.serve(to, from, until).await?,
        }
        Ok(())
    }

    fn append(&self, record: &LogRecord<Batch>) {
        let mut log = self
            .shell
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        log.append(record.height(), &record.to_wire());
    }

    async fn with_log<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut ConsensusLog) -> Result<T, NodeError> + Send + 'static,
    ) -> Result<T, NodeError> {
        let log = Arc::clone(&self.shell.log);
        let work = move || {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            act(&mut log)
        };
        self.shell.machine.blocking(work).await?
    }

    async fn validate(&mut self, proposal: Proposal<Batch>) -> Result<(), NodeError> {
        let ledger = Arc::clone(&self.ledger);
        let genesis = Arc::clone(&self.shell.genesis);
        let digest = proposal.header.digest();
        let transactions = proposal.payload.transactions().len();
        let begun = Instant::now();
        let judge = move || executor::judge(&ledger, &genesis, &proposal.payload);
        let verdict = self.shell.machine.blocking(judge).await??;
        self.pace.judged(transactions, begun.elapsed());
        self.feed(Input::Validated { digest, verdict });
        Ok(())
    }

    async fn commit(
        &mut self,
        proposal: Proposal<Batch>,
        certificate: CommitCertificate,
    ) -> Result<(), NodeError> {
        self.check_writable()?;
        let ledger = Arc::clone(&self.ledger);
        let genesis = Arc::clone(&self.shell.genesis);
        let header = proposal.header.clone();
        let ordered: Vec<_> = proposal
            .payload
            .transactions()
            .iter()
            .map(Transaction::id)
            .collect();
        let certified = proposal.header.executed.height;
        let tip = CertifiedHeader {
            header,
            certificate: certificate.clone(),
        };
        let mut record = self.record.clone();
        let execute = move || {
            executor::execute(&ledger, &genesis, proposal, &certificate, &mut record)
                .map(|executed| (executed, record))
        };
        let ((roots, facts), record) = self.shell.machine.blocking(execute).await??;
        let begins = self.record.committee().epoch() != record.committee().epoch();
        self.record = record;
        self.shell.tip = Some(tip);
        metrics::counter!("medshare_node_blocks_total", "member" => self.shell.own.to_string())
            .increment(1);
        metrics::counter!("medshare_node_transactions_total", "member" => self.shell.own.to_string())
            .increment(ordered.len() as u64);
        if !self.shell.mutation.is(Mutant::OrderedStayInPool) {
            self.shell.mempool.remove(ordered.iter().copied());
        }
        self.answer_subscribers(certified).await?;
        // A log begins in the epoch of its ledger's tip, or with that epoch's last block.
        let turns_over = begins || self.record.ends_epoch();
        if roots.height.0 % CHECKPOINT_INTERVAL == 0 || turns_over {
            self.checkpoint(roots.height).await?;
            self.draw_next_key().await?;
        }
        self.feed(Input::Executed { roots, facts });
        self.register_next_key().await?;
        if ordered.is_empty() {
            Ok(())
        } else {
            self.step_ceremony().await
        }
    }

    /// Makes the ledger durable, and only then cuts the log.
    async fn checkpoint(&self, height: Height) -> Result<(), NodeError> {
        self.check_writable()?;
        if self.shell.mutation.is(Mutant::LogCutFirst) {
            self.with_log(move |log| log.cut(height)).await?;
        }
        let ledger = Arc::clone(&self.ledger);
        self.shell.machine.blocking(move || ledger.sync()).await??;
        self.with_log(move |log| log.cut(height)).await
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        self.shell
            .machine
            .before_write()
            .map_err(|source| StoreError::Io { source })
    }
}
