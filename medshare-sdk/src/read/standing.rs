//! What may have ended an access since its ticket was issued, by the chain's proven state.
//!
//! A later contract decides by more than is read here; [`check`] is the one place.

use medshare_contract::keys;
use medshare_contract::state::GrantState;
use medshare_host::clock;
use medshare_types::{Denial, GateLabel, ReplicaId, Ticket};
use tokio::time::{Instant, sleep};

use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::read::RETRY_PAUSE;

/// Fails if the ticket leads to nothing any more, by a proven state that is no older than the newest
/// that a quorum proves now: one member's old proof hides no revocation. Ends are judged as holders
/// do: by block time, or by the clock once every block with that time must have come.
///
/// Cost: one small request to each member, and one exchange.
///
/// # Errors
/// [`Denial::Revoked`]; [`Denial::Expired`] after the grant's window or the label's ceiling;
/// [`Error::TicketExpired`]; or why the state could not be read.
pub(super) async fn check(actor: &Actor, ticket: &Ticket, label: &GateLabel) -> Result<()> {
    actor.context().chain.catch_up().await?;
    check_at(actor.home(), actor, ticket, label).await
}

/// [`check`], by the proof of one member if it has one.
async fn check_at(
    member: ReplicaId,
    actor: &Actor,
    ticket: &Ticket,
    label: &GateLabel,
) -> Result<()> {
    let chain = &actor.context().chain;
    let key = keys::grant(&ticket.grant);
    let (found, proven_at) = chain.read_dated::<GrantState>(member, key).await?;
    let grant = found.ok_or(Error::Denied(Denial::UnknownGrant))?;
    if let Some(height) = grant.revoked_at {
        return Err(Error::Denied(Denial::Revoked { height }));
    }
    let parameters = &chain.genesis().parameters;
    let margin_ms = parameters
        .message_delay_ms
        .saturating_add(parameters.precision_ms);
    let now = clock::now();
    let is_over = |end| proven_at >= end || now >= end.plus_millis(margin_ms);
    let ended_at = grant.window.not_after().min(label.ceiling);
    if is_over(ended_at) {
        return Err(Error::Denied(Denial::Expired { ended_at }));
    }
    if is_over(ticket.expires) {
        return Err(Error::TicketExpired {
            expired_at: ticket.expires,
        });
    }
    Ok(())
}

/// Fails with what ended the access, if anything did. Where `told` is true, a holder says so: its
/// state may be a block ahead of every proof, and the home member behind, so newer proofs are awaited
/// from all members in turn, up to the deadline of an answer. A holder's word alone decides nothing.
pub(super) async fn explain(
    actor: &Actor,
    ticket: &Ticket,
    label: &GateLabel,
    told: bool,
) -> Result<()> {
    let chain = &actor.context().chain;
    let deadline = Instant::now() + chain.deadlines().answer;
    for member in chain.members_from(actor.home()).into_iter().cycle() {
        match check_at(member, actor, ticket, label).await {
            Err(error @ (Error::Denied(_) | Error::TicketExpired { .. })) => return Err(error),
            Ok(()) if !told => return Ok(()),
            Ok(()) => {}
            Err(error) => tracing::debug!(%error, "the grant's state is not known"),
        }
        if Instant::now() >= deadline {
            break;
        }
        sleep(RETRY_PAUSE).await;
    }
    Ok(())
}
