//! Requests to the consortium, and the verification of its answers: no single member is believed.

mod catch_up;
mod epochs;
mod exchange;
mod failure;
mod health;
mod order;
mod read;
mod watch;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use medshare_ledger::{ReceiptProof, RefusalCode, RpcResponse};
use medshare_types::{ChainId, Genesis, OrganisationId, ReplicaId, TransactionId};
use tokio::time::Instant;

use self::epochs::Epochs;
use crate::client::ConsortiumClient;
use crate::deadlines::Deadlines;
use crate::error::{Error, Result};
use crate::receipt::TrustAnchor;
use crate::turns::Turns;

const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// A transaction that took effect.
pub(crate) struct Effect {
    pub(crate) transaction: TransactionId,
    pub(crate) proof: ReceiptProof,
}

/// The consortium's chain, as a client sees it.
#[derive(Clone)]
pub(crate) struct Chain {
    /// What it was joined with.
    anchor: TrustAnchor,
    id: ChainId,
    epochs: Arc<Epochs>,
    client: Arc<dyn ConsortiumClient>,
    /// The highest executed height proven so far; a later call accepts no older state.
    seen: Arc<AtomicU64>,
    /// Members that did not answer, and until when they are asked after all others.
    avoided: Arc<Mutex<BTreeMap<ReplicaId, Instant>>>,
    /// Members that do not come back, and why.
    ended: Arc<Mutex<BTreeMap<ReplicaId, String>>>,
    turns: Arc<Turns>,
    deadlines: Deadlines,
}

impl Chain {
    pub(crate) fn new(anchor: TrustAnchor, client: Arc<dyn ConsortiumClient>) -> Result<Self> {
        let members = anchor.genesis().members.len();
        let light = anchor.light()?;
        Ok(Self {
            turns: Arc::new(Turns::new(members)),
            anchor,
            id: *light.chain(),
            epochs: Arc::new(Epochs::new(light, members)),
            client,
            seen: Arc::default(),
            avoided: Arc::default(),
            ended: Arc::default(),
            deadlines: Deadlines::default(),
        })
    }

    /// Another view of the same chain, through the same client, that shares which committees were
    /// followed and nothing else.
    #[cfg(feature = "in-process")]
    pub(crate) fn sibling(&self) -> Result<Self> {
        Ok(Self {
            epochs: Arc::clone(&self.epochs),
            ..Self::new(self.anchor.clone(), self.client())?
        })
    }

    /// The same chain with other deadlines; what was proven, which members ended and the queues are
    /// shared.
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
        self.anchor.genesis()
    }

    pub(crate) fn client(&self) -> Arc<dyn ConsortiumClient> {
        Arc::clone(&self.client)
    }

    pub(crate) const fn id(&self) -> &ChainId {
        &self.id
    }

    /// The seat of an organisation, if it has one.
    pub(crate) fn seat_of(&self, id: &OrganisationId) -> Option<ReplicaId> {
        self.genesis().replica_of(id)
    }

    fn name_of(&self, member: ReplicaId) -> String {
        let named = self.genesis().members.get(member.index());
        named.map_or_else(|| member.to_string(), |named| named.name.clone())
    }

    /// Members that suffice to prove a state.
    const ANY: usize = 1;

    /// Members of which at least one neither lags nor lies (f + 1).
    fn more_than_faulty(&self) -> usize {
        self.genesis().quorum().faulty() + 1
    }

    /// Members without which no block is ordered.
    fn quorum(&self) -> usize {
        self.genesis().quorum().quorum()
    }

    /// [`Error::Stopped`] when fewer than `needed` members are left.
    pub(crate) fn check_running(&self, needed: usize) -> Result<()> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let members = self.genesis().members.len();
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
}

pub(crate) fn unexpected(answer: RpcResponse) -> Error {
    match answer {
        RpcResponse::Refused(refusal) if refusal.code == RefusalCode::DiskFull => Error::DiskFull {
            at: "a member".to_owned(),
            source: Box::new(refusal),
        },
        RpcResponse::Refused(refusal) if refusal.code.is_retryable() => Error::Busy {
            reason: refusal.detail,
        },
        RpcResponse::Refused(refusal) => Error::invalid_answer(refusal),
        _ => Error::invalid_answer("an answer to another question"),
    }
}
