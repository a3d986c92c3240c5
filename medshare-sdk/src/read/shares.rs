//! Gathering release shares for a ticket.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use medshare_host::clock;
use medshare_ledger::{RpcRequest, RpcResponse, ShareRequest};
use medshare_threshold::{RecoverError, Recovered, SessionSecret, recover};
use medshare_types::{
    GateKey, GateLabel, OrganisationId, ReleaseShare, ReplicaId, Signature, Ticket, VerifyingKey,
};
use tokio::time::{Instant, timeout_at};

use crate::actor::Actor;
use crate::backoff::Backoff;
use crate::context::Context;
use crate::error::{Error, Result};

/// Further time for the rest once there are enough shares, so that a culprit among them is found.
const GRACE: Duration = Duration::from_millis(100);
const RETRY_PAUSE: Duration = Duration::from_millis(15);

/// Asks every holder and recovers the gate's factor from their answers.
///
/// A holder that has not executed the ticket's block yet is asked again; one that refuses or is
/// silent is left out; one that signs a wrong share is a culprit.
pub(super) async fn gather(
    actor: &Actor,
    key: &GateKey,
    label: &GateLabel,
    ticket: &Ticket,
    session: SessionSecret,
) -> Result<Recovered> {
    let context = actor.context();
    let members = &context.chain.genesis().members;
    let signing_keys: Vec<(OrganisationId, VerifyingKey)> = members
        .iter()
        .map(|member| (member.organisation(), member.key))
        .collect();
    let mut asked = FuturesUnordered::new();
    for holder in &key.holders {
        if let Some(seat) = context.chain.seat_of(&holder.organisation) {
            asked.push(ask(actor, ticket, holder.organisation, seat));
        }
    }
    let latest = Instant::now() + context.chain.deadlines().shares;
    let mut deadline = latest;
    let needed = usize::from(key.threshold);
    let mut shares = Vec::new();
    let mut silent = Vec::new();
    let mut pending: Vec<_> = key
        .holders
        .iter()
        .map(|holder| holder.organisation)
        .collect();
    let session = Arc::new(session);
    loop {
        while let Ok(Some((holder, answer))) = timeout_at(deadline, asked.next()).await {
            pending.retain(|other| *other != holder);
            match answer {
                Ok(share) => shares.push(share),
                Err(reason) => silent.push(format!("{}: {reason}", context.name_of(&holder))),
            }
            if shares.len() >= needed {
                deadline = latest.min(Instant::now() + GRACE);
            }
        }
        let key = key.clone();
        let label = label.clone();
        let ticket = ticket.clone();
        let session = Arc::clone(&session);
        let signing_keys = signing_keys.clone();
        let given = shares.clone();
        let work = move || recover(&key, &label, &ticket, &session, &signing_keys, &given);
        match context.computing.run(work).await? {
            Ok(recovered) => return Ok(recovered),
            // Culprits may be quick: holders that have not answered yet can still make up for them.
            Err(RecoverError::InsufficientShares { .. })
                if !asked.is_empty() && Instant::now() < latest =>
            {
                deadline = latest;
            }
            Err(error) => {
                let names = pending.iter().map(|id| context.name_of(id));
                silent.extend(names.map(|name| format!("{name}: no answer")));
                return Err(unrecovered(context, error, silent));
            }
        }
    }
}

fn unrecovered(context: &Context, error: RecoverError, silent: Vec<String>) -> Error {
    match error {
        RecoverError::InsufficientShares {
            good,
            needed,
            culprits,
        } => Error::InsufficientShares {
            good,
            needed,
            culprits: culprits.iter().map(|id| context.name_of(id)).collect(),
            silent,
        },
        other => Error::invalid_answer(other),
    }
}

/// One holder's share, or the reason why it gave none.
async fn ask(
    actor: &Actor,
    ticket: &Ticket,
    holder: OrganisationId,
    seat: ReplicaId,
) -> (OrganisationId, Result<ReleaseShare, String>) {
    let deadline = Instant::now() + actor.context().chain.deadlines().shares;
    let mut backoff = Backoff::new(RETRY_PAUSE);
    loop {
        match ask_once(actor, ticket, holder, seat).await {
            Ok(share) => return (holder, Ok(share)),
            Err(NoShare::Yet { reason }) if Instant::now() < deadline => {
                tracing::debug!(%holder, reason, "asking again");
                backoff.pause().await;
            }
            Err(NoShare::Yet { reason } | NoShare::Ever { reason }) => {
                return (holder, Err(reason));
            }
        }
    }
}

/// The reason of a holder that gave no share.
enum NoShare {
    /// It may give one soon.
    Yet { reason: String },
    /// Asking again is of no use.
    Ever { reason: String },
}

async fn ask_once(
    actor: &Actor,
    ticket: &Ticket,
    holder: OrganisationId,
    seat: ReplicaId,
) -> Result<ReleaseShare, NoShare> {
    let never = |reason: &dyn ToString| NoShare::Ever {
        reason: reason.to_string(),
    };
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
        .map_err(|error| never(&error))?;
    let request = RpcRequest::Share(Box::new(request));
    match chain.ask(seat, &request).await {
        // A share in another holder's name must not frame that holder.
        Ok(RpcResponse::Share(share)) if share.holder != holder => {
            Err(never(&"a share in another holder's name"))
        }
        Ok(RpcResponse::Share(share)) => Ok(*share),
        Ok(RpcResponse::Refused(refusal)) if refusal.code.is_retryable() => Err(NoShare::Yet {
            reason: refusal.detail,
        }),
        Ok(RpcResponse::Refused(refusal)) => Err(NoShare::Ever {
            reason: refusal.detail,
        }),
        Ok(_) => Err(never(&"an answer to another question")),
        Err(Error::Busy { reason }) => Err(NoShare::Yet { reason }),
        Err(error) => Err(never(&error)),
    }
}
