//! Having a call ordered.

use std::sync::atomic::Ordering;
use std::time::Duration;

use medshare_contract::Call;
use medshare_host::os_random;
use medshare_ledger::{ReceiptProof, RpcRequest, RpcResponse, Transaction};
use medshare_types::{Nonce, Principal, ReplicaId, Signature, Signer, TransactionId, Wire as _};
use tokio::time::{Instant, sleep, timeout_at};

use super::failure::Failure;
use super::{Chain, Effect, RETRY_PAUSE, unexpected};
use crate::deadlines::millis;
use crate::error::{Error, Result};
use crate::health::problems;

/// Time for one member to have a receipt before the next member is asked.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(4);

impl Chain {
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
        let mut failure = Failure::default();
        let mut accepted = false;
        while Instant::now() < deadline {
            for member in self.members_from(home) {
                let left = deadline.saturating_duration_since(Instant::now());
                let patience = self.deadlines.answer.min(left);
                match self.exchange(member, submit.clone(), patience).await {
                    Ok(RpcResponse::Accepted(_)) => accepted = true,
                    Ok(other) => {
                        failure.note(unexpected(other));
                        continue;
                    }
                    Err(error) => {
                        failure.note(error);
                        continue;
                    }
                }
                let until = deadline.min(Instant::now() + RECEIPT_PATIENCE);
                match timeout_at(until, self.receipt(member, id)).await {
                    Ok(Ok(proof)) => return effect(id, proof),
                    Ok(Err(error)) => failure.note(error),
                    Err(_) => {}
                }
            }
            self.check_running(self.quorum())?;
            sleep(RETRY_PAUSE).await;
        }
        Err(if accepted {
            // A member that took it may have it ordered yet, whatever the others answered.
            self.timed_out("order the transaction", id).await
        } else {
            failure.into_error()
        })
    }

    async fn timed_out(&self, what: &'static str, transaction: TransactionId) -> Error {
        Error::TimedOut {
            what,
            timeout_ms: millis(self.deadlines.order),
            causes: problems(&self.health().await),
            transaction: Some(transaction),
            grant: None,
        }
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
}

fn effect(transaction: TransactionId, proof: ReceiptProof) -> Result<Effect> {
    match proof.receipt.outcome.denial() {
        Some(denial) => Err(Error::Denied(denial.clone())),
        None => Ok(Effect { transaction, proof }),
    }
}
