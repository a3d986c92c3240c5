//! Requests to the consortium, and the verification of its answers: no single member is believed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use medshare_contract::Call;
use medshare_host::os_random;
use medshare_ledger::{
    LightClient, ReceiptProof, RefusalCode, RpcRequest, RpcResponse, StateProof, Transaction,
};
use medshare_types::{
    ChainId, Digest, Genesis, Height, Nonce, OrganisationId, Outcome, Principal, ReplicaId,
    Signature, Signer, Timestamp, TransactionId, TransactionReceipt, Wire,
};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::client::{ConsortiumClient, ExchangeError};
use crate::deadlines::{Deadlines, millis};
use crate::error::{Error, Result};
use crate::health::{MemberHealth, MemberState, Running, problems};

/// Time for one member to have a receipt before the next member is asked.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(4);
/// Time that one member may delay the answer about a block before the next member is asked.
const WATCH_PATIENCE: Duration = Duration::from_secs(10);
/// Time for which a member that did not answer is asked after all others.
const AVOIDED_FOR: Duration = Duration::from_secs(30);
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// A transaction that took effect.
pub(crate) struct Effect {
    pub(crate) transaction: TransactionId,
    pub(crate) proof: ReceiptProof,
}

/// The consortium's chain, as a client sees it.
#[derive(Clone)]
pub(crate) struct Chain {
    genesis: Arc<Genesis>,
    light: LightClient,
    client: Arc<dyn ConsortiumClient>,
    /// The highest executed height proven so far; no older state is accepted.
    seen: Arc<AtomicU64>,
    /// Members that did not answer, and until when they are asked after all others.
    avoided: Arc<Mutex<BTreeMap<ReplicaId, Instant>>>,
    /// Members that do not come back, and why.
    ended: Arc<Mutex<BTreeMap<ReplicaId, String>>>,
    deadlines: Deadlines,
}

impl Chain {
    pub(crate) fn new(genesis: Genesis, client: Arc<dyn ConsortiumClient>) -> Result<Self> {
        let light = LightClient::new(&genesis).map_err(Error::invalid_genesis)?;
        Ok(Self {
            genesis: Arc::new(genesis),
            light,
            client,
            seen: Arc::default(),
            avoided: Arc::default(),
            ended: Arc::default(),
            deadlines: Deadlines::default(),
        })
    }

    /// The same chain with other deadlines; what was proven and which members ended is shared.
    pub(crate) fn with_deadlines(&self, deadlines: Deadlines) -> Self {
        Self {
            deadlines,
            ..self.clone()
        }
    }

    pub(crate) const fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    pub(crate) fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    pub(crate) fn client(&self) -> Arc<dyn ConsortiumClient> {
        Arc::clone(&self.client)
    }

    pub(crate) const fn id(&self) -> &ChainId {
        self.light.chain()
    }

    /// The seat of an organisation, if it has one.
    pub(crate) fn seat_of(&self, id: &OrganisationId) -> Option<ReplicaId> {
        self.light.committee().replica_of(id)
    }

    /// Members in the order in which they are asked: `home` first, those that lately did not
    /// answer last.
    fn members_from(&self, home: ReplicaId) -> Vec<ReplicaId> {
        let mut members: Vec<_> = self.light.committee().replicas().collect();
        let first = home.index().min(members.len());
        members.rotate_left(first);
        let now = Instant::now();
        let mut avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        avoided.retain(|_, until| *until > now);
        members.sort_by_key(|member| avoided.contains_key(member));
        members
    }

    fn avoid(&self, member: ReplicaId) {
        let mut avoided = self.avoided.lock().unwrap_or_else(PoisonError::into_inner);
        avoided.insert(member, Instant::now() + AVOIDED_FOR);
    }

    /// One answer of one member, within `patience`.
    async fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
        patience: Duration,
    ) -> Result<RpcResponse> {
        match timeout(patience, self.client.exchange(member, request)).await {
            Ok(Ok(bytes)) => RpcResponse::from_wire(&bytes).map_err(Error::invalid_answer),
            Ok(Err(error)) if error.is_final() => {
                self.avoid(member);
                Err(self.ended(member, error))
            }
            Ok(Err(_)) | Err(_) => {
                self.avoid(member);
                Err(Error::Unreachable)
            }
        }
    }

    fn ended(&self, member: ReplicaId, error: ExchangeError) -> Error {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.insert(member, error.to_string());
        Error::Member {
            organisation: self.name_of(member),
            source: Box::new(error),
        }
    }

    fn name_of(&self, member: ReplicaId) -> String {
        let named = self.genesis.members.get(member.index());
        named.map_or_else(|| member.to_string(), |named| named.name.clone())
    }

    /// Members that suffice to prove a state.
    const ANY: usize = 1;

    /// Members without which no block is ordered.
    fn quorum(&self) -> usize {
        self.light.committee().quorum().quorum()
    }

    /// [`Error::Stopped`] when fewer than `needed` members are left.
    fn check_running(&self, needed: usize) -> Result<()> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let members = self.light.committee().members().len();
        if ended.len().saturating_add(needed) <= members {
            return Ok(());
        }
        let reason = |(member, reason): (&ReplicaId, &String)| {
            format!("{}: {reason}", self.name_of(*member))
        };
        Err(Error::Stopped {
            ended: ended.iter().map(reason).collect(),
        })
    }

    pub(crate) async fn ask(&self, member: ReplicaId, request: &RpcRequest) -> Result<RpcResponse> {
        self.exchange(member, request.to_wire(), self.deadlines.answer)
            .await
    }

    /// Signs a call, has it ordered, and waits for the certified receipt.
    pub(crate) async fn call(
        &self,
        home: ReplicaId,
        sender: Principal,
        signer: &dyn Signer,
        call: &Call,
    ) -> Result<Effect> {
        let mut transaction = Transaction {
            chain: *self.id(),
            sender,
            key: signer.verifying_key(),
            nonce: Nonce::random(&mut os_random()),
            call: call.to_wire(),
            signature: Signature::from_bytes([0; 64]),
        };
        transaction.signature = signer.sign(transaction.id().digest()).await?;
        self.submit(home, transaction).await
    }

    async fn submit(&self, home: ReplicaId, transaction: Transaction) -> Result<Effect> {
        let id = transaction.id();
        let submit = RpcRequest::Submit(Box::new(transaction)).to_wire();
        let deadline = Instant::now() + self.deadlines.order;
        let mut failure = None;
        let mut accepted = false;
        while Instant::now() < deadline {
            for member in self.members_from(home) {
                let left = deadline.saturating_duration_since(Instant::now());
                let patience = self.deadlines.answer.min(left);
                match self.exchange(member, submit.clone(), patience).await {
                    Ok(RpcResponse::Accepted(_)) => accepted = true,
                    Ok(other) => {
                        failure = Some(unexpected(other));
                        continue;
                    }
                    Err(error) => {
                        failure = Some(error);
                        continue;
                    }
                }
                let until = deadline.min(Instant::now() + RECEIPT_PATIENCE);
                match timeout_at(until, self.receipt(member, id)).await {
                    Ok(Ok(proof)) => return effect(id, proof),
                    Ok(Err(error)) => failure = Some(error),
                    Err(_) => {}
                }
            }
            self.check_running(self.quorum())?;
            sleep(RETRY_PAUSE).await;
        }
        match failure {
            // A member that took it may have it ordered yet, whatever the others answered.
            Some(failure) if !accepted => Err(failure),
            _ => Err(self.timed_out("order the transaction").await),
        }
    }

    async fn timed_out(&self, what: &'static str) -> Error {
        Error::TimedOut {
            what,
            timeout_ms: millis(self.deadlines.order),
            causes: problems(&self.health().await),
        }
    }

    /// The state of each member, in the order of seats. Waits for the slowest, at most the deadline
    /// of one answer.
    pub(crate) async fn health(&self) -> Vec<MemberHealth> {
        let seats: Vec<_> = self.light.committee().replicas().collect();
        let asked = seats.iter().map(|seat| self.state_of(*seat));
        let mut states = futures::future::join_all(asked).await;
        let running = states.iter().filter_map(|state| match state {
            MemberState::Running(running) => Some((running.height, running.tip_time)),
            _ => None,
        });
        if let Some((highest, time)) = running.max() {
            for state in &mut states {
                if let MemberState::Running(running) = state {
                    running.lag = highest.0.saturating_sub(running.height.0);
                    running.tip_time = time;
                }
            }
        }
        let members = seats.into_iter().zip(states);
        members
            .map(|(seat, state)| MemberHealth {
                organisation: self.name_of(seat),
                seat,
                state,
            })
            .collect()
    }

    async fn state_of(&self, member: ReplicaId) -> MemberState {
        let invalid = |reason: Error| MemberState::Invalid {
            reason: reason.to_string(),
        };
        let status = match self.ask(member, &RpcRequest::Status).await {
            Ok(RpcResponse::Status(status)) => *status,
            Ok(other) => return invalid(unexpected(other)),
            Err(Error::Unreachable) => return MemberState::Silent,
            Err(Error::Member { source, .. }) => {
                let reason = source.to_string();
                return MemberState::Ended { reason };
            }
            Err(error) => return invalid(error),
        };
        let (height, tip_time) = match status.tip {
            None => (Height(0), self.genesis.created),
            Some(tip) => match self.light.verify_header(&tip) {
                Ok(verified) => (verified.header().height, verified.header().time),
                Err(error) => return invalid(error.into()),
            },
        };
        MemberState::Running(Running {
            height,
            lag: 0,
            tip_time,
            clock: status.clock,
            waiting: status.waiting,
            disk_free: status.disk_free,
            primary: status.primary,
        })
    }

    /// The verified receipt of a transaction, as soon as this member has it.
    async fn receipt(&self, member: ReplicaId, id: TransactionId) -> Result<ReceiptProof> {
        let request = RpcRequest::ReceiptOf(id).to_wire();
        loop {
            // The member delays its answer until the receipt exists, or for a while.
            match self
                .exchange(member, request.clone(), RECEIPT_PATIENCE)
                .await?
            {
                RpcResponse::Receipt(proof) => {
                    let verified = self.light.verify_receipt(&id, &proof)?;
                    self.seen.fetch_max(verified.height().0, Ordering::AcqRel);
                    return Ok(*proof);
                }
                RpcResponse::Pending => sleep(RETRY_PAUSE).await,
                other => return Err(unexpected(other)),
            }
        }
    }

    /// Every receipt of the block at `height`, as soon as a member can prove them. A member that
    /// hangs, lags or gives a bad proof is passed over; waits as long as the chain is quiet, and
    /// no longer than the deadline of silence when no member answers.
    pub(crate) async fn receipts_at(
        &self,
        home: ReplicaId,
        height: Height,
    ) -> Result<Vec<TransactionReceipt>> {
        let request = RpcRequest::ReceiptsAt(height).to_wire();
        let mut deadline = Instant::now() + self.deadlines.silence;
        loop {
            for member in self.members_from(home) {
                // The member delays its answer until the block exists, or for a while.
                let answer = self.exchange(member, request.clone(), WATCH_PATIENCE).await;
                let Ok(RpcResponse::Receipts(block)) = answer else {
                    continue;
                };
                match self.light.verify_block_receipts(height, &block) {
                    Ok(_) => {
                        self.seen.fetch_max(height.0, Ordering::AcqRel);
                        return Ok(block.receipts);
                    }
                    Err(error) => tracing::warn!(%member, %error, "receipts that do not verify"),
                }
            }
            self.check_running(self.quorum())?;
            match self.height(home).await {
                // Nothing is withheld: the chain has no such block yet.
                Ok(tip) if tip < height => deadline = Instant::now() + self.deadlines.silence,
                Ok(_) if Instant::now() >= deadline => {
                    return Err(Error::invalid_answer("receipts that no member proves"));
                }
                Err(error) if Instant::now() >= deadline => return Err(error),
                Ok(_) | Err(_) => {}
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    /// The highest executed height that any member can prove.
    pub(crate) async fn height(&self, home: ReplicaId) -> Result<Height> {
        let mut newest = None;
        let mut failure = Error::Unreachable;
        for member in self.members_from(home) {
            match self.ask(member, &RpcRequest::Tip).await {
                Ok(RpcResponse::Tip(tip)) => match self.light.verify_header(&tip) {
                    Ok(verified) => newest = newest.max(Some(verified.header().executed.height)),
                    Err(error) => failure = error.into(),
                },
                Ok(RpcResponse::Refused(refusal))
                    if refusal.code == RefusalCode::NotYetCertified =>
                {
                    newest = newest.max(Some(Height(0)));
                }
                Ok(other) => failure = unexpected(other),
                Err(error) => failure = error,
            }
        }
        if newest.is_none() {
            self.check_running(Self::ANY)?;
        }
        let seen = Height(self.seen.load(Ordering::Acquire));
        newest.map(|height| height.max(seen)).ok_or(failure)
    }

    /// Reads a value with a proof that is no older than any proof seen before.
    pub(crate) async fn read<T: Wire>(&self, home: ReplicaId, key: Digest) -> Result<Option<T>> {
        self.read_dated(home, key).await.map(|(value, _)| value)
    }

    /// Reads a value, and the time of the block that proves it. The state includes everything
    /// ordered before that block's parent; absence proves nothing about later blocks.
    pub(crate) async fn read_dated<T: Wire>(
        &self,
        home: ReplicaId,
        key: Digest,
    ) -> Result<(Option<T>, Timestamp)> {
        let request = RpcRequest::State(key);
        let deadline = Instant::now() + self.deadlines.answer;
        let mut failure = Error::Unreachable;
        loop {
            for member in self.members_from(home) {
                match self.read_from(member, &request, &key).await {
                    Ok(StateProof {
                        value, certified, ..
                    }) => {
                        let decoded = value.map(|bytes| T::from_wire(&bytes)).transpose();
                        let value = decoded.map_err(Error::invalid_answer)?;
                        return Ok((value, certified.header.time));
                    }
                    Err(error) => failure = error,
                }
            }
            self.check_running(Self::ANY)?;
            if Instant::now() >= deadline {
                return Err(failure);
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    async fn read_from(
        &self,
        member: ReplicaId,
        request: &RpcRequest,
        key: &Digest,
    ) -> Result<StateProof> {
        let proof = match self.ask(member, request).await? {
            RpcResponse::State(proof) => *proof,
            other => return Err(unexpected(other)),
        };
        let verified = self.light.verify_state(key, &proof)?;
        let height = verified.height().0;
        let seen = self.seen.fetch_max(height, Ordering::AcqRel);
        if height < seen {
            return Err(Error::invalid_answer(format!(
                "state of height {height}, after height {seen} was proven"
            )));
        }
        Ok(proof)
    }
}

fn effect(transaction: TransactionId, proof: ReceiptProof) -> Result<Effect> {
    match &proof.receipt.outcome {
        Outcome::Denied(denial) => Err(Error::Denied(denial.clone())),
        Outcome::Applied(_) => Ok(Effect { transaction, proof }),
    }
}

fn unexpected(answer: RpcResponse) -> Error {
    match answer {
        RpcResponse::Refused(refusal) if refusal.code.is_retryable() => Error::Busy {
            reason: refusal.detail,
        },
        RpcResponse::Refused(refusal) => Error::invalid_answer(refusal),
        _ => Error::invalid_answer("an answer to another question"),
    }
}
