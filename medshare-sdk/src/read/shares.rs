//! Gathering release shares for a ticket.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use medshare_host::clock;
use medshare_ledger::{RefusalCode, RpcRequest, RpcResponse, ShareRequest};
use medshare_threshold::{RecoverError, Recovered, SessionSecret, recover};
use medshare_types::{
    GateKey, GateLabel, OrganisationId, ReleaseShare, ReplicaId, Signature, Ticket, VerifyingKey,
};
use tokio::time::{Instant, timeout_at};

use crate::actor::Actor;
use crate::backoff::Backoff;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::read::RETRY_PAUSE;
use crate::read::session::Issued;
use crate::read::standing;

/// Further time for the rest once there are enough shares, so that a culprit among them is found.
const GRACE: Duration = Duration::from_millis(100);

/// Waits until as many holders answer as will be needed: a ticket that cannot be redeemed is not
/// asked for. Cost: one small request to each holder.
///
/// # Errors
/// [`Error::InsufficientShares`] after the deadline of shares, or [`Error::Stopped`].
pub(super) async fn await_holders(actor: &Actor, key: &GateKey) -> Result<()> {
    let context = actor.context();
    let deadline = Instant::now() + context.chain.deadlines().shares;
    let needed = usize::from(key.threshold);
    let mut silent: BTreeSet<_> = key
        .holders
        .iter()
        .map(|holder| holder.organisation)
        .collect();
    let reasons = Reasons::default();
    let mut asked: FuturesUnordered<_> = seats_of(context, key)
        .map(|(holder, seat)| answers(actor, holder, seat, deadline, &reasons))
        .collect();
    while let Ok(Some(answer)) = timeout_at(deadline, asked.next()).await {
        if let Some(holder) = answer {
            silent.remove(&holder);
        }
        if key.holders.len() - silent.len() >= needed {
            return Ok(());
        }
    }
    context.chain.check_running(needed)?;
    let reason = |id: &OrganisationId| format!("{}: {}", context.name_of(id), reasons.of(id));
    Err(Error::InsufficientShares {
        good: 0,
        needed,
        culprits: Vec::new(),
        silent: silent.iter().map(reason).collect(),
        ticket_expires: None,
    })
}

/// Why holders that are still asked gave nothing the last time.
#[derive(Default)]
struct Reasons(Mutex<BTreeMap<OrganisationId, String>>);

impl Reasons {
    fn note(&self, holder: OrganisationId, reason: &str) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(holder, reason.to_owned());
    }

    fn of(&self, holder: &OrganisationId) -> String {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = told.get(holder).map_or("no answer", String::as_str);
        reason.to_owned()
    }
}

/// The holder, once it has answered before the deadline, and not with a full disk.
async fn answers(
    actor: &Actor,
    holder: OrganisationId,
    seat: ReplicaId,
    deadline: Instant,
    reasons: &Reasons,
) -> Option<OrganisationId> {
    let mut backoff = Backoff::new(RETRY_PAUSE);
    loop {
        match actor.context().chain.ask(seat, &RpcRequest::Tip).await {
            // It does not come back.
            Err(Error::Member { .. }) => return None,
            Ok(RpcResponse::Refused(refusal)) if refusal.code == RefusalCode::DiskFull => {
                reasons.note(holder, &refusal.detail);
                backoff.pause().await;
            }
            Err(_) if Instant::now() >= deadline => return None,
            Err(_) => backoff.pause().await,
            Ok(_) => return Some(holder),
        }
    }
}

/// The holders of a gate key that have a seat.
fn seats_of<'a>(
    context: &'a Context,
    key: &'a GateKey,
) -> impl Iterator<Item = (OrganisationId, ReplicaId)> {
    key.holders.iter().filter_map(|holder| {
        let seat = context.chain.seat_of(&holder.organisation)?;
        Some((holder.organisation, seat))
    })
}

/// Asks every holder whose share is missing, and recovers the gate's factor. Shares stay in the
/// session as they come, so a retry asks for the rest alone.
///
/// A holder that has not executed the ticket's block yet is asked again; one that refuses or is
/// silent is left out; one that signs a wrong share is a culprit.
///
/// # Errors
/// [`Error::InsufficientShares`], or what ended the access since the ticket was issued, see
/// [`standing::explain`].
pub(super) async fn gather(
    actor: &Actor,
    key: &GateKey,
    label: &GateLabel,
    secret: &Arc<SessionSecret>,
    issued: &mut Issued,
) -> Result<Recovered> {
    let context = actor.context();
    let ticket = issued.ticket.clone();
    let given: BTreeSet<_> = issued.shares.iter().map(|share| share.holder).collect();
    let mut pending: BTreeSet<_> = key
        .holders
        .iter()
        .map(|holder| holder.organisation)
        .filter(|holder| !given.contains(holder))
        .collect();
    let reasons = Reasons::default();
    let mut asked: FuturesUnordered<_> = seats_of(context, key)
        .filter(|(holder, _)| !given.contains(holder))
        .map(|(holder, seat)| ask(actor, key, &ticket, (holder, seat), &reasons))
        .collect();
    let latest = Instant::now() + context.chain.deadlines().shares;
    let needed = usize::from(key.threshold);
    let has_enough = issued.shares.len() >= needed;
    let mut deadline = if has_enough { Instant::now() } else { latest };
    let mut refusals = Vec::new();
    loop {
        while Instant::now() < deadline
            && let Ok(Some((holder, answer))) = timeout_at(deadline, asked.next()).await
        {
            pending.remove(&holder);
            match answer {
                Ok(share) => issued.shares.push(share),
                Err(refusal) => refusals.push((holder, refusal)),
            }
            if issued.shares.len() >= needed {
                deadline = latest.min(Instant::now() + GRACE);
            }
        }
        match recover_from(context, key, label, secret, issued).await? {
            Ok(recovered) => return Ok(recovered),
            // Culprits may be quick: holders that have not answered yet can still make up for them.
            Err(RecoverError::InsufficientShares { .. })
                if !asked.is_empty() && Instant::now() < latest =>
            {
                deadline = latest;
            }
            Err(RecoverError::InsufficientShares { good, culprits, .. }) => {
                issued.drop_shares_of(&culprits);
                let told = refusals.iter().any(|(_, refusal)| refusal.is_over());
                standing::explain(actor, &ticket, label, told).await?;
                let pending = pending.into_iter().map(|id| (id, reasons.of(&id)));
                let told = refusals
                    .into_iter()
                    .map(|(id, refusal)| (id, refusal.reason));
                return Err(too_few(context, issued, good, needed, told.chain(pending)));
            }
            Err(error) => return Err(Error::invalid_answer(error)),
        }
    }
}

async fn recover_from(
    context: &Context,
    key: &GateKey,
    label: &GateLabel,
    secret: &Arc<SessionSecret>,
    issued: &Issued,
) -> Result<Result<Recovered, RecoverError>> {
    let members = context.chain.genesis().members.iter();
    let signing_keys: Vec<(OrganisationId, VerifyingKey)> = members
        .map(|member| (member.organisation(), member.key))
        .collect();
    let key = key.clone();
    let label = label.clone();
    let secret = Arc::clone(secret);
    let ticket = issued.ticket.clone();
    let shares = issued.shares.clone();
    let work = move || recover(&key, &label, &ticket, &secret, &signing_keys, &shares);
    Ok(context.computing.run(work).await?)
}

fn too_few(
    context: &Context,
    issued: &Issued,
    good: usize,
    needed: usize,
    silent: impl Iterator<Item = (OrganisationId, String)>,
) -> Error {
    let text = |(holder, reason)| format!("{}: {reason}", context.name_of(&holder));
    let culprits = issued.culprits.iter();
    Error::InsufficientShares {
        good,
        needed,
        culprits: culprits.map(|id| context.name_of(id)).collect(),
        silent: silent.map(text).collect(),
        ticket_expires: Some(issued.ticket.expires),
    }
}

impl Issued {
    /// Culprits may answer rightly next time, and are asked again.
    fn drop_shares_of(&mut self, culprits: &[OrganisationId]) {
        self.shares
            .retain(|share| !culprits.contains(&share.holder));
        self.culprits.extend(culprits);
    }
}

/// One holder's share, or the reason why it gave none.
async fn ask(
    actor: &Actor,
    key: &GateKey,
    ticket: &Ticket,
    (holder, seat): (OrganisationId, ReplicaId),
    reasons: &Reasons,
) -> (OrganisationId, Result<ReleaseShare, Refusal>) {
    let deadline = Instant::now() + actor.context().chain.deadlines().shares;
    let mut backoff = Backoff::new(RETRY_PAUSE);
    loop {
        match ask_once(actor, key, ticket, (holder, seat)).await {
            Ok(share) => return (holder, Ok(share)),
            Err(refusal) if refusal.is_for_now() && Instant::now() < deadline => {
                tracing::debug!(%holder, refusal.reason, "asking again");
                reasons.note(holder, &refusal.reason);
                backoff.pause().await;
            }
            Err(refusal) => return (holder, Err(refusal)),
        }
    }
}

/// A holder gave no share.
struct Refusal {
    /// None without an answer that makes sense.
    code: Option<RefusalCode>,
    reason: String,
}

impl Refusal {
    fn without_answer(reason: &impl ToString) -> Self {
        Self {
            code: None,
            reason: reason.to_string(),
        }
    }

    /// Whether the holder may give a share soon.
    fn is_for_now(&self) -> bool {
        self.code.is_some_and(RefusalCode::is_retryable)
    }

    /// Whether the holder says that the access has ended.
    fn is_over(&self) -> bool {
        matches!(self.code, Some(RefusalCode::Revoked | RefusalCode::Expired))
    }
}

async fn ask_once(
    actor: &Actor,
    key: &GateKey,
    ticket: &Ticket,
    (holder, seat): (OrganisationId, ReplicaId),
) -> Result<ReleaseShare, Refusal> {
    let chain = &actor.context().chain;
    let mut request = ShareRequest {
        ticket: ticket.id,
        label: ticket.label,
        holder,
        at: clock::now(),
        signature: Signature::from_bytes([0; 64]),
    };
    let statement = request.statement(chain.id());
    request.signature = actor
        .sign(&statement)
        .await
        .map_err(|error| Refusal::without_answer(&error))?;
    let request = RpcRequest::Share(Box::new(request));
    match chain.ask(seat, &request).await {
        Ok(RpcResponse::Share(share)) => match flaw(actor.context(), key, ticket, holder, &share) {
            Some(flaw) => Err(Refusal::without_answer(&flaw)),
            None => Ok(*share),
        },
        Ok(RpcResponse::Refused(refusal)) => Err(Refusal {
            code: Some(refusal.code),
            reason: refusal.detail,
        }),
        Ok(_) => Err(Refusal::without_answer(&"an answer to another question")),
        // This application's own load, or the member's.
        Err(Error::Busy { reason }) => Err(Refusal {
            code: Some(RefusalCode::Overloaded),
            reason,
        }),
        Err(error) => Err(Refusal::without_answer(&error)),
    }
}

/// Why an answer is not this holder's share for this ticket. Such a share accuses no holder, and
/// is not kept: the holder may be asked again.
fn flaw(
    context: &Context,
    key: &GateKey,
    ticket: &Ticket,
    holder: OrganisationId,
    share: &ReleaseShare,
) -> Option<&'static str> {
    // A share in another holder's name must not frame that holder.
    if share.holder != holder {
        return Some("a share in another holder's name");
    }
    if share.ticket != ticket.id || share.label != ticket.label {
        return Some("a share for another ticket");
    }
    if share.key != key.id || share.generation != key.generation {
        return Some("a share of another gate key");
    }
    let mut members = context.chain.genesis().members.iter();
    let signer = members.find(|member| member.organisation() == holder);
    let verified = signer.map(|signer| signer.key.verify(&share.statement(), &share.signature));
    (!matches!(verified, Some(Ok(())))).then_some("a share that it did not sign")
}
