//! Requests for access: each becomes a ticket, or a denial that tells the sender how to proceed.

use medshare_curve::schnorr;
use medshare_types::consent::{AccessRequest, ProofOfKnowledge};
use medshare_types::{Denial, Event, GateLabel, Principal, Ticket, TicketId, Timestamp};

use super::{Ruling, ensure, ensure_field, use_once};
use crate::context::Case;
use crate::keys;
use crate::overlay::Overlay;
use crate::state::{GrantState, RecordState, TicketState};
use crate::view::StateView;

/// Checks run cheapest first; the first failure is the denial. Rules: `docs/spec/contract.md`, 5.
pub(super) fn request<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    request: &AccessRequest,
    proof: &ProofOfKnowledge,
) -> Ruling<V> {
    ensure(request.chain == case.block.chain, Denial::WrongChain)?;
    let grant_key = keys::grant(&request.grant);
    let mut grant = state
        .read::<GrantState>(&grant_key)?
        .ok_or(Denial::UnknownGrant)?;
    let grantee = Principal::Person(grant.grantee);
    ensure(case.call.sender == grantee, Denial::NotGrantee)?;
    ensure_field(request.grantee_key == case.call.key, "request.grantee_key")?;
    check_consent(&grant, request, case.time())?;

    let record = state
        .read::<RecordState>(&keys::record(&grant.record, grant.version))?
        .ok_or(Denial::UnknownRecord)?;
    let sealed = record.label(&request.label).ok_or(Denial::LabelMismatch)?;
    let label = &sealed.label;
    check_time(label.floor, label.ceiling, case.time())?;
    let proven = schnorr::verify(&request.session, &request.digest(), proof);
    ensure(proven, Denial::InvalidSessionKey)?;
    let mark = keys::used_session(&request.session);
    use_once(state, case, mark, Denial::InvalidSessionKey)?;

    grant.taken = grant.taken.saturating_add(1);
    state.put(grant_key, &grant);
    let ticket = issue(case, &grant, request, label);
    let stored = TicketState { ticket };
    state.put(keys::ticket(&stored.ticket.id), &stored);
    Ok(vec![Event::TicketIssued(Box::new(stored.ticket))])
}

/// Checks that the grant covers this purpose now, for one more ticket.
fn check_consent(
    grant: &GrantState,
    request: &AccessRequest,
    now: Timestamp,
) -> Result<(), Denial> {
    if let Some(height) = grant.revoked_at {
        return Err(Denial::Revoked { height });
    }
    check_time(grant.window.not_before(), grant.window.not_after(), now)?;
    let requested = request.purpose;
    ensure(
        grant.purposes.contains(requested),
        Denial::PurposeMismatch {
            requested,
            granted: grant.purposes,
        },
    )?;
    match grant.uses {
        Some(allowed) if grant.taken >= u64::from(allowed) => {
            Err(Denial::UsesExhausted { allowed })
        }
        _ => Ok(()),
    }
}

/// Checks the half-open window `opens_at <= now < ended_at`.
fn check_time(opens_at: Timestamp, ended_at: Timestamp, now: Timestamp) -> Result<(), Denial> {
    ensure(opens_at <= now, Denial::NotYet { opens_at })?;
    ensure(now < ended_at, Denial::Expired { ended_at })
}

fn issue(
    case: &Case<'_>,
    grant: &GrantState,
    request: &AccessRequest,
    label: &GateLabel,
) -> Ticket {
    let lifetime = case.block.parameters.ticket_lifetime_ms;
    Ticket {
        id: TicketId::of_transaction(&case.call.transaction),
        grant: grant.id,
        grantee: grant.grantee,
        grantee_key: request.grantee_key,
        record: grant.record,
        version: grant.version,
        class: label.context.class,
        label: request.label,
        session: request.session,
        purpose: request.purpose,
        height: case.height(),
        issued_at: case.time(),
        expires: case
            .time()
            .plus_millis(lifetime)
            .min(grant.window.not_after())
            .min(label.ceiling),
    }
}
