//! Talking to the consortium and believing no single member.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use medshare_contract::Call;
use medshare_ledger::{
    LightClient, MemberRequest, MemberResponse, ReceiptProof, RefusalCode, StateProof, Transaction,
};
use medshare_types::{
    ChainId, Digest, Genesis, Height, Nonce, Outcome, Principal, ReplicaId, Signature, Signer,
    TransactionId, TransactionReceipt, Wire,
};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::client::ConsortiumClient;
use crate::error::{Error, Result};
use crate::random::os_random;

/// How long a transaction may take to be ordered and certified.
const ORDER_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a member may take to answer from its own state.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
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
}

impl Chain {
    pub(crate) fn new(genesis: Genesis, client: Arc<dyn ConsortiumClient>) -> Result<Self> {
        let light = LightClient::new(&genesis)?;
        let seen = Arc::new(AtomicU64::new(0));
        Ok(Self {
            genesis: Arc::new(genesis),
            light,
            client,
            seen,
        })
    }

    pub(crate) fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    pub(crate) const fn id(&self) -> &ChainId {
        self.light.chain()
    }

    /// Members in the order in which they are asked: `home` first.
    fn members_from(&self, home: ReplicaId) -> impl Iterator<Item = ReplicaId> + use<> {
        let count = u16::try_from(self.genesis.members.len()).unwrap_or(u16::MAX);
        (0..count).map(move |step| ReplicaId((home.0 + step) % count))
    }

    pub(crate) async fn ask(
        &self,
        member: ReplicaId,
        request: &MemberRequest,
    ) -> Result<MemberResponse> {
        let answer = timeout(
            ANSWER_TIMEOUT,
            self.client.exchange(member, request.to_wire()),
        );
        let bytes = answer
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(Error::Unreachable)?;
        Ok(MemberResponse::from_wire(&bytes)?)
    }

    /// Signs a call, has it ordered, and waits until a certified receipt says how it ended.
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
        let submit = MemberRequest::Submit(Box::new(transaction));
        let deadline = Instant::now() + ORDER_TIMEOUT;
        let timed_out = Error::TimedOut {
            what: "order the transaction",
            timeout_ms: u64::try_from(ORDER_TIMEOUT.as_millis()).unwrap_or(u64::MAX),
        };
        let mut failure = None;
        while Instant::now() < deadline {
            for member in self.members_from(home) {
                match self.ask(member, &submit).await {
                    Ok(MemberResponse::Accepted(_)) => {}
                    Ok(other) => {
                        failure = Some(unexpected(&other));
                        continue;
                    }
                    Err(error) => {
                        failure = Some(error);
                        continue;
                    }
                }
                match timeout_at(deadline, self.receipt(member, id)).await {
                    Ok(Ok(proof)) => return effect(id, proof),
                    Ok(Err(error)) => failure = Some(error),
                    Err(_) => return Err(timed_out),
                }
            }
            sleep(RETRY_PAUSE).await;
        }
        Err(failure.unwrap_or(timed_out))
    }

    /// A verified receipt of the transaction, as soon as this member has one.
    async fn receipt(&self, member: ReplicaId, id: TransactionId) -> Result<ReceiptProof> {
        let request = MemberRequest::ReceiptOf(id).to_wire();
        loop {
            // The member lets the question wait until the receipt is there, or for a while.
            let answer = self.client.exchange(member, request.clone()).await;
            let bytes = answer.map_err(|_| Error::Unreachable)?;
            match MemberResponse::from_wire(&bytes)? {
                MemberResponse::Receipt(proof) => {
                    let verified = self.light.verify_receipt(&id, &proof)?;
                    self.seen.fetch_max(verified.height().0, Ordering::AcqRel);
                    return Ok(*proof);
                }
                MemberResponse::Pending => sleep(RETRY_PAUSE).await,
                other => return Err(unexpected(&other)),
            }
        }
    }

    /// Every receipt of the block at `height`, as soon as a member can prove them.
    pub(crate) async fn receipts_at(
        &self,
        home: ReplicaId,
        height: Height,
    ) -> Result<Vec<TransactionReceipt>> {
        let request = MemberRequest::ReceiptsAt(height).to_wire();
        loop {
            for member in self.members_from(home) {
                // The member lets the question wait until the block is there, or for a while.
                let Ok(bytes) = self.client.exchange(member, request.clone()).await else {
                    continue;
                };
                match MemberResponse::from_wire(&bytes)? {
                    MemberResponse::Receipts(block) => {
                        self.light.verify_block_receipts(height, &block)?;
                        self.seen.fetch_max(height.0, Ordering::AcqRel);
                        return Ok(block.receipts);
                    }
                    MemberResponse::Pending => break,
                    other => return Err(unexpected(&other)),
                }
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    /// The height up to which a member can prove what happened.
    pub(crate) async fn height(&self, home: ReplicaId) -> Result<Height> {
        let mut failure = Error::Unreachable;
        for member in self.members_from(home) {
            match self.ask(member, &MemberRequest::Tip).await {
                Ok(MemberResponse::Tip(tip)) => {
                    return Ok(self.light.verify_header(&tip)?.header().executed.height);
                }
                Ok(MemberResponse::Refused(refusal))
                    if refusal.code == RefusalCode::NotYetCertified =>
                {
                    return Ok(Height(0));
                }
                Ok(other) => failure = unexpected(&other),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Reads a value with a proof that is no older than anything this client was shown before.
    pub(crate) async fn read<T: Wire>(&self, home: ReplicaId, key: Digest) -> Result<Option<T>> {
        let request = MemberRequest::State(key);
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        let mut failure = Error::Unreachable;
        loop {
            for member in self.members_from(home) {
                match self.read_from(member, &request, &key).await {
                    Ok(proof) => {
                        return proof
                            .value
                            .map(|v| T::from_wire(&v))
                            .transpose()
                            .map_err(Into::into);
                    }
                    Err(error) => failure = error,
                }
            }
            if Instant::now() >= deadline {
                return Err(failure);
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    async fn read_from(
        &self,
        member: ReplicaId,
        request: &MemberRequest,
        key: &Digest,
    ) -> Result<StateProof> {
        let proof = match self.ask(member, request).await? {
            MemberResponse::State(proof) => *proof,
            other => return Err(unexpected(&other)),
        };
        let verified = self.light.verify_state(key, &proof)?;
        let height = verified.height().0;
        let seen = self.seen.fetch_max(height, Ordering::AcqRel);
        if height < seen {
            return Err(Error::InvalidAnswer {
                reason: format!("state of height {height}, height {seen} was seen before"),
            });
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

fn unexpected(answer: &MemberResponse) -> Error {
    match answer {
        MemberResponse::Refused(refusal) if refusal.code == RefusalCode::Unknown => {
            Error::InvalidAnswer {
                reason: format!("unknown to the member: {}", refusal.detail),
            }
        }
        MemberResponse::Refused(refusal) => Error::InvalidAnswer {
            reason: refusal.to_string(),
        },
        _ => Error::InvalidAnswer {
            reason: "an answer to another question".to_owned(),
        },
    }
}
