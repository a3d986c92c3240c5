//! Enrolment of people, by an organisation's signature and their own.

use medshare_types::{Denial, Event, PersonId, Signature, VerifyingKey};

use super::{Ruling, ensure, ensure_field, lists};
use crate::call::{RESERVED_ATTRIBUTE_PREFIXES, enrolment_statement};
use crate::context::Case;
use crate::keys;
use crate::overlay::Overlay;
use crate::state::{List, PersonState};
use crate::view::StateView;

/// Most attributes of one enrolment.
pub const MAX_ATTRIBUTES: usize = 64;
/// Longest attribute, in bytes of UTF-8.
pub const MAX_ATTRIBUTE_LEN: usize = 256;

/// The person's consent names the organisation and the attributes: an organisation that sees the call
/// in flight cannot enrol the key first, for itself or with other attributes.
pub(super) fn enrol<V: StateView>(
    state: &mut Overlay<'_, V>,
    case: &Case<'_>,
    key: VerifyingKey,
    attributes: Vec<String>,
    consent: &Signature,
) -> Ruling<V> {
    let organisation = case.organisation()?;
    check_enrollable(&attributes)?;
    let statement = enrolment_statement(&case.block.chain, &organisation, &attributes);
    ensure_field(key.verify(&statement, consent).is_ok(), "consent")?;
    let id = PersonId::of_key(&key);
    let person_key = keys::person(&id);
    let known = state.read::<PersonState>(&person_key)?.is_some();
    ensure(!known, Denial::AlreadyExists)?;
    let person = PersonState {
        id,
        key,
        organisation,
        attributes,
        enrolled_at: case.height(),
    };
    state.put(person_key, &person);
    lists::append(state, &List::people_enrolled_by(&organisation), id)?;
    Ok(vec![Event::PersonEnrolled {
        organisation,
        person: id,
    }])
}

/// Refuses the attributes that an enrolment is denied for, so that callers know before they store
/// or sign anything.
///
/// At most 64 attributes of 1 to 256 bytes each, without a reserved prefix. Strictly ascending
/// order gives every set one encoding and keeps the attributes distinct.
///
/// # Errors
/// [`Denial::Invalid`] of the field `attributes`.
pub fn check_enrollable(attributes: &[String]) -> Result<(), Denial> {
    let fit = attributes.len() <= MAX_ATTRIBUTES
        && attributes.iter().all(|attribute| is_fit(attribute))
        && attributes.windows(2).all(|pair| pair[0] < pair[1]);
    ensure_field(fit, "attributes")
}

/// A reserved prefix is refused at every position, because policies may write white space and a
/// quotation mark before a name.
fn is_fit(attribute: &str) -> bool {
    (1..=MAX_ATTRIBUTE_LEN).contains(&attribute.len())
        && !RESERVED_ATTRIBUTE_PREFIXES
            .iter()
            .any(|prefix| attribute.contains(prefix))
}
