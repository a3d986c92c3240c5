//! The grant that a subject gives to herself for one reading.

use std::future::IntoFuture as _;
use std::time::Duration;

use medshare_contract::keys;
use medshare_contract::state::GrantState;
use medshare_host::clock;
use medshare_types::{Digest, GrantId, PersonId, Purpose};

use crate::actor::Actor;
use crate::deadlines::millis;
use crate::error::{Error, Result};
use crate::grant::GrantRequest;
use crate::observe::observed;
use crate::read::session::{Lease, SessionKey};
use crate::read::ticket;
use crate::record::RecordRef;
use crate::window::Window;

/// Time for the one ticket of such a grant.
const GRANT_TIME: Duration = Duration::from_secs(600);

/// A session under a grant for this reading: the grant of a reading that failed, or a new one.
///
/// # Errors
/// Why the grant was not given. One whose outcome is not known is looked for next time.
pub(super) async fn lease(
    actor: &Actor,
    subject: PersonId,
    record: RecordRef,
    label: Digest,
) -> Result<Lease> {
    let sessions = &actor.context().sessions;
    let reader = actor.verifying_key();
    let key_of = |grant| SessionKey {
        reader,
        grant,
        label,
        purpose: Purpose::PatientRequest,
    };
    if let Some((grant, until)) = sessions.take_grant(&reader, &label) {
        let mut lease = sessions.lease(key_of(grant)).with_grant_until(until);
        // A ticket that was issued unseen took the grant's use, and may have expired since.
        let live = lease.is_resumed() && ticket::resume(actor, &mut lease).await?;
        if is_usable(actor, grant, live).await? {
            return Ok(lease);
        }
        lease.end();
    }
    let until = clock::now().plus_millis(millis(GRANT_TIME));
    let request = GrantRequest::new(actor.clone(), record, subject, Window::lasting(GRANT_TIME));
    let request = request.purpose(Purpose::PatientRequest).uses(1);
    match observed("grant", request.into_future()).await {
        Ok(grant) => Ok(sessions.lease(key_of(grant)).with_grant_until(until)),
        Err(error) => {
            if let Error::TimedOut {
                grant: Some(grant), ..
            } = &error
            {
                sessions.keep_grant(&key_of(*grant), until);
            }
            Err(error)
        }
    }
}

/// Whether a kept grant leads to a ticket, or `live` is true: to that of a session that was resumed.
async fn is_usable(actor: &Actor, grant: GrantId, live: bool) -> Result<bool> {
    let found: Option<GrantState> = actor.read(keys::grant(&grant)).await?;
    let usable = |state: &GrantState| {
        let left = state
            .uses
            .is_none_or(|allowed| state.taken < u64::from(allowed));
        state.revoked_at.is_none() && state.window.contains(clock::now()) && (live || left)
    };
    Ok(found.as_ref().is_some_and(usable))
}
