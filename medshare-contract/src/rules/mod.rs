//! The rules, one file a subject. Each reads and writes an overlay, and returns events or stops.

mod access;
mod ceremony;
mod grants;
mod lists;
mod misbehaviour;
pub(crate) mod people;
mod records;
pub(crate) mod voting_keys;

use std::error::Error;

use medshare_types::{Denial, Digest, Event, Wire};

use crate::call::Call;
use crate::context::Case;
use crate::overlay::Overlay;
use crate::state::UsedMark;
use crate::view::{StateError, StateView};

/// An early end of a rule.
pub(crate) enum Stop<E: Error + 'static> {
    /// The call is denied.
    Denied(Denial),
    /// The state cannot be read, so there is no outcome.
    Failed(StateError<E>),
}

impl<E: Error + 'static> From<Denial> for Stop<E> {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl<E: Error + 'static> From<StateError<E>> for Stop<E> {
    fn from(error: StateError<E>) -> Self {
        Self::Failed(error)
    }
}

type Ruling<V, T = Vec<Event>> = Result<T, Stop<<V as StateView>::Error>>;

pub(crate) fn decide<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    call: Call,
) -> Ruling<V> {
    match call {
        Call::EnrolPerson {
            key,
            attributes,
            consent,
        } => people::enrol(state, case, key, attributes, &consent),
        Call::RegisterRecord(record) => records::register(state, case, *record),
        Call::Grant(terms) => grants::grant(state, case, &terms),
        Call::RevokeGrant { grant } => grants::revoke(state, case, &grant),
        Call::RequestAccess { request, proof } => access::request(state, case, &request, &proof),
        Call::PostDeal { class, deal } => ceremony::post(state, case, class, &deal),
        Call::AcknowledgeDeals { class, deals } => ceremony::acknowledge(state, case, class, deals),
        Call::ComplainOfDeal { class, dealer } => ceremony::complain(state, case, class, dealer),
        // The caller judged which header the call names: `CallContext::follows`.
        Call::RegisterVotingKey {
            epoch,
            key,
            possession,
            height: _,
            header: _,
        } => voting_keys::register(state, case, epoch, key, &possession),
        Call::ReportMisbehaviour { evidence } => misbehaviour::report(state, case, evidence),
    }
}

fn ensure(holds: bool, denial: Denial) -> Result<(), Denial> {
    if holds { Ok(()) } else { Err(denial) }
}

/// The denial of an invalid field. `field` is part of the interface: programs match on it.
fn invalid(field: &str) -> Denial {
    Denial::Invalid {
        field: field.to_owned(),
    }
}

fn ensure_field(holds: bool, field: &str) -> Result<(), Denial> {
    if holds { Ok(()) } else { Err(invalid(field)) }
}

/// Reads a value that every state has.
fn require<T: Wire, V: StateView>(
    state: &Overlay<'_, V>,
    key: &Digest,
) -> Result<T, StateError<V::Error>> {
    let value = state.read(key)?;
    value.ok_or(StateError::Missing { key: *key })
}

/// Sets a mark that may be set once only; `denial` where it is set already.
fn use_once<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    mark: Digest,
    denial: Denial,
) -> Ruling<V, ()> {
    ensure(state.read::<UsedMark>(&mark)?.is_none(), denial)?;
    let height = case.height();
    state.put(mark, &UsedMark { height });
    Ok(())
}
