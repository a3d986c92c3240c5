//! Grants of the data subject: consent given and withdrawn.

use medshare_types::{Denial, Event, GrantId, Purpose, PurposeSet};

use super::{Ruling, ensure, ensure_field, lists};
use crate::call::GrantTerms;
use crate::context::Case;
use crate::keys;
use crate::overlay::Overlay;
use crate::state::{GrantState, List, PersonState, RecordState};
use crate::view::StateView;

pub(super) fn grant<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    terms: &GrantTerms,
) -> Ruling<V> {
    let grantor = case.person()?;
    let record = state
        .read::<RecordState>(&keys::record(&terms.record, terms.version))?
        .ok_or(Denial::UnknownRecord)?;
    ensure(record.subject == grantor, Denial::NotAuthorised)?;
    ensure_field(are_fit(terms.purposes), "purposes")?;
    ensure_field(terms.uses != Some(0), "uses")?;
    let grantee = state.read::<PersonState>(&keys::person(&terms.grantee))?;
    ensure_field(grantee.is_some(), "grantee")?;

    let id = GrantId::of_transaction(&case.call.transaction);
    let grant = GrantState {
        id,
        record: terms.record,
        version: terms.version,
        grantor,
        grantee: terms.grantee,
        window: terms.window,
        purposes: terms.purposes,
        uses: terms.uses,
        taken: 0,
        given_at: case.height(),
        revoked_at: None,
    };
    state.put(keys::grant(&id), &grant);
    lists::append(state, &List::grants_given_by(&grantor), id)?;
    lists::append(state, &List::grants_received_by(&terms.grantee), id)?;
    Ok(vec![Event::GrantGiven { grant: id }])
}

/// At least one purpose, and no unknown bit: a later release may give it a meaning to which no grant
/// of today consents.
fn are_fit(purposes: PurposeSet) -> bool {
    let known = Purpose::ALL
        .into_iter()
        .filter(|purpose| purposes.contains(*purpose))
        .fold(PurposeSet::default(), PurposeSet::with);
    !purposes.is_empty() && known == purposes
}

pub(super) fn revoke<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    id: &GrantId,
) -> Ruling<V> {
    let grant_key = keys::grant(id);
    let mut grant = state
        .read::<GrantState>(&grant_key)?
        .ok_or(Denial::UnknownGrant)?;
    ensure(case.person()? == grant.grantor, Denial::NotAuthorised)?;
    if let Some(height) = grant.revoked_at {
        return Err(Denial::Revoked { height }.into());
    }
    grant.revoked_at = Some(case.height());
    state.put(grant_key, &grant);
    Ok(vec![Event::GrantRevoked { grant: *id }])
}
