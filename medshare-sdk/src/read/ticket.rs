//! The ticket of an opening: a new one, or that of an earlier attempt.

use std::sync::Arc;

use medshare_contract::Call;
use medshare_host::{clock, os_random};
use medshare_ledger::ReceiptProof;
use medshare_threshold::SessionSecret;
use medshare_types::consent::AccessRequest;
use medshare_types::{Nonce, Ticket};

use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::read::session::{Issued, Lease};

/// Sees to it that the lease has a ticket. A request whose outcome is not known is handed in again,
/// which finds the ticket if it was issued; only a request that was denied, or a ticket that expired
/// unused, is followed by a new request, which takes a use of the grant.
///
/// # Errors
/// The contract's denial, or why the outcome is not known; a retry then goes on with the request.
pub(super) async fn obtain(actor: &Actor, lease: &mut Lease) -> Result<()> {
    if lease.is_resumed() && resume(actor, lease).await? {
        return Ok(());
    }
    let secret = Arc::new(SessionSecret::new(&mut os_random()));
    let call = request(actor, lease, &secret);
    let request = actor.transaction(&call).await?;
    lease.begin(secret, request);
    match hand_in(actor, lease).await {
        Err(error @ Error::Denied(_)) => {
            lease.end();
            Err(error)
        }
        handed_in => handed_in,
    }
}

/// Returns whether the kept session has a live ticket, after handing in its request again if the
/// outcome is not known.
pub(super) async fn resume(actor: &Actor, lease: &mut Lease) -> Result<bool> {
    match hand_in(actor, lease).await {
        // A denial took no use, and what it was for may have passed.
        Err(Error::Denied(denial)) => {
            tracing::debug!(%denial, "an earlier request was denied");
            return Ok(false);
        }
        handed_in => handed_in?,
    }
    let issued = lease.session().and_then(|session| session.issued.as_ref());
    let live = issued.is_some_and(|issued| issued.ticket.expires > clock::now());
    if !live {
        tracing::warn!("a ticket expired before it was used");
    }
    Ok(live)
}

/// Has the session's request ordered, unless it was, and keeps its ticket.
async fn hand_in(actor: &Actor, lease: &mut Lease) -> Result<()> {
    let Some(session) = lease.session() else {
        return Err(Error::internal("a session that was not begun"));
    };
    if session.issued.is_none() {
        let proof = actor.submit(session.request.clone()).await?.proof;
        session.issued = Some(Box::new(Issued {
            ticket: ticket_of(&proof)?,
            proof,
            shares: Vec::new(),
            culprits: Default::default(),
        }));
    }
    Ok(())
}

fn request(actor: &Actor, lease: &Lease, secret: &SessionSecret) -> Call {
    let key = lease.key();
    let request = AccessRequest {
        chain: *actor.context().chain.id(),
        grant: key.grant,
        label: key.label,
        grantee_key: key.reader,
        session: secret.public(),
        purpose: key.purpose,
        nonce: Nonce::random(&mut os_random()),
    };
    let proof = secret.prove(&request, &mut os_random());
    Call::RequestAccess {
        request: Box::new(request),
        proof,
    }
}

fn ticket_of(proof: &ReceiptProof) -> Result<Ticket> {
    let ticket = proof.receipt.ticket().cloned();
    ticket.ok_or_else(|| Error::invalid_answer("the receipt of an access request has no ticket"))
}
