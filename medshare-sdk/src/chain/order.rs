//! Having a call ordered.

use std::convert::Infallible;
use std::mem;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use medshare_contract::state::{OrganisationState, PersonState};
use medshare_contract::{Call, keys};
use medshare_host::os_random;
use medshare_ledger::{
    LightClient, ReceiptProof, RefusalCode, RpcRequest, RpcResponse, Transaction,
};
use medshare_types::keystore::KeyStoreError;
use medshare_types::{
    Denial, Nonce, Principal, ReplicaId, Signature, Signer, TransactionId, VerifyingKey, Wire as _,
};
use tokio::time::{Instant, sleep};

use super::exchange::Kind;
use super::failure::Failure;
use super::{Chain, Effect, RETRY_PAUSE, unexpected};
use crate::backoff::Backoff;
use crate::deadlines::millis;
use crate::error::{Error, Result};
use crate::health::problems;
use crate::turns::Queue;

/// How often a call that waits until its deadline looks for what holds it up.
const LOOKS: u32 = 4;

impl Chain {
    /// Signs a call, to be handed in by [`Self::submit`].
    pub(crate) async fn sign(
        &self,
        sender: Principal,
        signer: &dyn Signer,
        call: &Call,
    ) -> Result<Transaction> {
        let mut transaction = Transaction {
            chain: *self.id(),
            sender,
            key: signer.verifying_key(),
            nonce: Nonce::random(&mut os_random()),
            call: call.to_wire(),
            signature: Signature::from_bytes([0; 64]),
        };
        transaction.signature = signer.sign(transaction.id().digest()).await?;
        match transaction.verify(self.id()) {
            Ok(()) => Ok(transaction),
            Err(error) => Err(Error::KeyStore(KeyStoreError::Medium {
                operation: "sign by the key that its signer names".to_owned(),
                source: Box::new(error),
            })),
        }
    }

    /// Has a transaction ordered, and waits for the certified receipt. One that was handed in before
    /// takes effect once, and its receipt is found.
    pub(crate) async fn submit(&self, home: ReplicaId, transaction: Transaction) -> Result<Effect> {
        let seen = Mutex::default();
        tokio::select! {
            biased;
            ordered = self.order(home, transaction, &seen) => ordered,
            never = self.look_for_causes(&seen) => match never {},
        }
    }

    /// Looks for what may hold a call up while it waits: at its end that may have passed.
    async fn look_for_causes(&self, seen: &Mutex<Vec<String>>) -> Infallible {
        loop {
            sleep(self.deadlines.order / LOOKS).await;
            let found = problems(&self.health().await);
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            for cause in found {
                if !seen.contains(&cause) {
                    seen.push(cause);
                }
            }
        }
    }

    async fn order(
        &self,
        home: ReplicaId,
        transaction: Transaction,
        seen: &Mutex<Vec<String>>,
    ) -> Result<Effect> {
        let id = transaction.id();
        let sender = (transaction.sender, transaction.key);
        let submit = RpcRequest::Submit(Box::new(transaction)).to_wire();
        let deadline = Instant::now() + self.deadlines.order;
        let _turn = self.turn(Queue::Orders).await?;
        let mut failure = Failure::default();
        let mut backoff = Backoff::new(RETRY_PAUSE);
        // A member that took it may have it ordered yet, whatever the others answered.
        let mut taken = false;
        while Instant::now() < deadline {
            let mut unknown = 0;
            for member in self.members_from(home) {
                let answer = self.exchange(member, submit.clone(), Kind::Short, Some(deadline));
                match answer.await {
                    Ok(Some(RpcResponse::Accepted(_))) => taken = true,
                    Ok(Some(other)) => {
                        unknown += usize::from(is_unknown_sender(&other));
                        failure.note_answer(other);
                        continue;
                    }
                    Ok(None) => {
                        taken = true;
                        continue;
                    }
                    Err(error) => {
                        failure.note(error);
                        continue;
                    }
                }
                match self.receipt(member, id, deadline).await {
                    Ok(Some(proof)) => return effect(id, proof),
                    Ok(None) => {}
                    Err(error) => failure.note(error),
                }
            }
            self.check_running(self.quorum())?;
            if !taken && unknown >= self.more_than_faulty() && self.lacks(home, &sender).await? {
                return Err(Error::Denied(Denial::UnknownSender));
            }
            if !taken && failure.finals() >= self.more_than_faulty() {
                break;
            }
            failure.forget_finals();
            backoff.pause().await;
        }
        Err(if taken || failure.is_empty() {
            let seen = mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
            self.timed_out("order the transaction", id, seen).await
        } else {
            failure.into_error()
        })
    }

    /// Whether the members prove that the chain does not know a sender, or knows it by another key.
    async fn lacks(&self, home: ReplicaId, sender: &(Principal, VerifyingKey)) -> Result<bool> {
        let (principal, key) = sender;
        let known = match principal {
            Principal::Organisation(id) => {
                let found: Option<OrganisationState> =
                    self.read(home, keys::organisation(id)).await?;
                found.map(|organisation| organisation.key)
            }
            Principal::Person(id) => {
                let found: Option<PersonState> = self.read(home, keys::person(id)).await?;
                found.map(|person| person.key)
            }
        };
        Ok(known != Some(*key))
    }

    async fn timed_out(
        &self,
        what: &'static str,
        transaction: TransactionId,
        seen: Vec<String>,
    ) -> Error {
        let mut causes = problems(&self.health().await);
        let passed = seen.into_iter().filter(|cause| !causes.contains(cause));
        let passed: Vec<_> = passed
            .map(|cause| format!("{cause}, for a while"))
            .collect();
        causes.extend(passed);
        Error::TimedOut {
            what,
            timeout_ms: millis(self.deadlines.order),
            causes,
            transaction: Some(transaction),
            grant: None,
        }
    }

    /// The verified receipt of a transaction, as soon as this member has it. `None` where it has none
    /// for a while: the next member is asked, for this one may be behind.
    async fn receipt(
        &self,
        member: ReplicaId,
        id: TransactionId,
        until: Instant,
    ) -> Result<Option<ReceiptProof>> {
        let request = RpcRequest::ReceiptOf(id).to_wire();
        let answer = self.exchange(member, request, Kind::Delayed, Some(until));
        match answer.await? {
            Some(RpcResponse::Receipt(proof)) => {
                let check = |light: &LightClient| light.verify_receipt(&id, &proof);
                let verified = self.verified(member, &proof.certified, check).await?;
                self.seen.fetch_max(verified.height().0, Ordering::AcqRel);
                Ok(Some(*proof))
            }
            Some(RpcResponse::Pending) | None => Ok(None),
            Some(other) => Err(unexpected(other)),
        }
    }
}

/// A refusal that is also the answer of a member that is behind.
fn is_unknown_sender(answer: &RpcResponse) -> bool {
    matches!(answer, RpcResponse::Refused(refusal) if refusal.code == RefusalCode::Unknown)
}

fn effect(transaction: TransactionId, proof: ReceiptProof) -> Result<Effect> {
    match proof.receipt.outcome.denial() {
        Some(denial) => Err(Error::Denied(denial.clone())),
        None => Ok(Effect { transaction, proof }),
    }
}
