//! Gathering release shares for a ticket.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use medshare_ledger::{RpcRequest, RpcResponse, ShareRequest};
use medshare_threshold::{RecoverError, Recovered, SessionSecret, recover};
use medshare_types::{
    GateKey, GateLabel, OrganisationId, ReleaseShare, ReplicaId, Signature, Ticket, VerifyingKey,
};
use tokio::time::{Instant, sleep, timeout_at};

use crate::consortium::Inner;
use crate::error::{Error, Result};
use crate::person::Person;
use medshare_host::blocking;
use medshare_host::clock;

/// How long holders have to answer.
const SHARES_TIMEOUT: Duration = Duration::from_secs(5);
/// How much longer the rest has once there are enough, so that a liar among them is named.
const GRACE: Duration = Duration::from_millis(100);
const RETRY_PAUSE: Duration = Duration::from_millis(15);

/// Asks every holder and recovers the gate's factor from what they answer.
///
/// A holder that has not executed the ticket's block yet is asked again; one that refuses or is
/// silent is left out; one that lies is found and named.
pub(crate) async fn gather(
    person: &Person,
    key: &GateKey,
    label: &GateLabel,
    ticket: &Ticket,
    session: SessionSecret,
) -> Result<Recovered> {
    let inner = &person.consortium.inner;
    let members = &inner.chain.genesis().members;
    let signing_keys: Vec<(OrganisationId, VerifyingKey)> = members
        .iter()
        .map(|member| (member.organisation(), member.key))
        .collect();
    let mut asked: FuturesUnordered<_> = key
        .holders
        .iter()
        .filter_map(|holder| {
            let seat = members
                .iter()
                .position(|m| m.organisation() == holder.organisation)?;
            let seat = ReplicaId(u16::try_from(seat).ok()?);
            Some(ask(person, ticket, holder.organisation, seat))
        })
        .collect();
    let latest = Instant::now() + SHARES_TIMEOUT;
    let mut deadline = latest;
    let needed = usize::from(key.threshold);
    let (mut shares, mut silent) = (Vec::new(), Vec::new());
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
                Err(reason) => silent.push(format!("{}: {reason}", inner.name_of(&holder))),
            }
            if shares.len() >= needed {
                deadline = latest.min(Instant::now() + GRACE);
            }
        }
        let (key, label, ticket) = (key.clone(), label.clone(), ticket.clone());
        let (session, signing_keys, given) =
            (Arc::clone(&session), signing_keys.clone(), shares.clone());
        let work = move || recover(&key, &label, &ticket, &session, &signing_keys, &given);
        match blocking(work).await? {
            Ok(recovered) => return Ok(recovered),
            // Liars may be quick: whoever has not answered yet can still make up for them.
            Err(RecoverError::InsufficientShares { .. })
                if !asked.is_empty() && Instant::now() < latest =>
            {
                deadline = latest;
            }
            Err(error) => {
                let names = pending.iter().map(|id| inner.name_of(id));
                silent.extend(names.map(|name| format!("{name}: no answer")));
                return Err(told(inner, error, silent));
            }
        }
    }
}

fn told(inner: &Inner, error: RecoverError, silent: Vec<String>) -> Error {
    match error {
        RecoverError::InsufficientShares {
            good,
            needed,
            culprits,
        } => Error::InsufficientShares {
            good,
            needed,
            culprits: culprits.iter().map(|id| inner.name_of(id)).collect(),
            silent,
        },
        other => Error::InvalidAnswer {
            reason: other.to_string(),
        },
    }
}

/// One holder's share, or why there is none.
async fn ask(
    person: &Person,
    ticket: &Ticket,
    holder: OrganisationId,
    seat: ReplicaId,
) -> (OrganisationId, Result<ReleaseShare, String>) {
    let deadline = Instant::now() + SHARES_TIMEOUT;
    loop {
        let answer = ask_once(person, ticket, holder, seat).await;
        match answer {
            Err((reason, true)) if Instant::now() < deadline => {
                tracing::debug!(%holder, reason, "asking again");
                sleep(RETRY_PAUSE).await;
            }
            other => return (holder, other.map_err(|(reason, _)| reason)),
        }
    }
}

/// The error says why, and whether it may be over soon.
async fn ask_once(
    person: &Person,
    ticket: &Ticket,
    holder: OrganisationId,
    seat: ReplicaId,
) -> Result<ReleaseShare, (String, bool)> {
    let chain = &person.consortium.inner.chain;
    let mut request = ShareRequest {
        ticket: ticket.id,
        label: ticket.label,
        holder,
        at: clock::now(),
        signature: Signature::from_bytes([0; 64]),
    };
    let signed = person.signer.sign(&request.statement(chain.id())).await;
    request.signature = signed.map_err(|error| (error.to_string(), false))?;
    match chain.ask(seat, &RpcRequest::Share(Box::new(request))).await {
        // What the holder did not sign as its own may be anybody's, and must not frame another.
        Ok(RpcResponse::Share(share)) if share.holder != holder => {
            Err(("a share in another holder's name".to_owned(), false))
        }
        Ok(RpcResponse::Share(share)) => Ok(*share),
        Ok(RpcResponse::Refused(refusal)) => {
            let again = refusal.code.is_retryable();
            Err((refusal.detail, again))
        }
        Ok(_) => Err(("an answer to another question".to_owned(), false)),
        Err(error) => Err((error.to_string(), false)),
    }
}
