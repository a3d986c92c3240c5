//! People become known by the signature of an organisation.

use medshare_types::{Denial, Event, PersonId, VerifyingKey};

use super::{Case, MAX_TEXT_LEN, Ruling, ensure, ensure_field};
use crate::keys;
use crate::overlay::Overlay;
use crate::state::PersonState;
use crate::view::StateView;

const MAX_ATTRIBUTES: usize = 64;

pub(super) fn enrol<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    key: VerifyingKey,
    attributes: Vec<String>,
) -> Ruling<V> {
    let organisation = case.organisation()?;
    ensure_field(are_fit(&attributes), "attributes")?;
    let id = PersonId::of_key(&key);
    let place = keys::person(&id);
    let known = state.read::<PersonState>(&place)?.is_some();
    ensure(!known, Denial::AlreadyExists)?;
    let person = PersonState {
        id,
        key,
        organisation,
        attributes,
        enrolled_at: case.height(),
    };
    state.put(place, &person);
    Ok(vec![Event::PersonEnrolled {
        organisation,
        person: id,
    }])
}

/// Ascending order makes one set one encoding; it also makes the attributes distinct.
fn are_fit(attributes: &[String]) -> bool {
    attributes.len() <= MAX_ATTRIBUTES
        && attributes
            .iter()
            .all(|attribute| (1..=MAX_TEXT_LEN).contains(&attribute.len()))
        && attributes.windows(2).all(|pair| pair[0] < pair[1])
}
