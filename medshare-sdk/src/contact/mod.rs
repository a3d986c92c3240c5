//! Introductions of people to other organisations: contact cards, and importing them.

mod card;
mod fault;

use std::future::IntoFuture;
use std::time::Duration;

use medshare_host::clock;
use medshare_types::keystore::BoxFuture;
use medshare_types::{PersonId, Timestamp};

use crate::actor::Actor;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::lists::{Lookup, OrganisationInfo, PersonInfo};
use crate::observe::observed;
use crate::person_name::PersonName;

use card::Body;
pub use card::ContactCard;
pub use fault::ContactFault;

/// A contact card about to be signed; `.await` it.
#[must_use = "nothing is signed until this is awaited"]
pub struct CardRequest {
    owner: Actor,
    person: PersonId,
    name: Option<String>,
    not_after: Option<Timestamp>,
}

impl CardRequest {
    pub(crate) const fn new(owner: Actor, person: PersonId) -> Self {
        Self {
            owner,
            person,
            name: None,
            not_after: None,
        }
    }

    /// The name that others are shown; none by default. Cards are passed on and are not secret, so a
    /// patient's name on one links it to the pseudonym for all who see it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The card is refused from this moment on; never by default. A moment that is over already makes
    /// no card: [`Error::InvalidContact`].
    pub const fn not_after(mut self, not_after: Timestamp) -> Self {
        self.not_after = Some(not_after);
        self
    }

    /// The card is good for so long from now on.
    pub fn lasting(self, length: Duration) -> Self {
        let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        self.not_after(clock::now().plus_millis(millis))
    }

    async fn run(self) -> Result<ContactCard> {
        let name = self.name.as_deref().map(PersonName::new).transpose()?;
        let lookup = Lookup::new(self.owner.context(), self.owner.home());
        let known = lookup.person(&self.person).await?;
        let chain = *self.owner.context().chain.id();
        let issued_at = clock::now();
        let body = Body {
            chain,
            person: self.person,
            organisation: known.organisation,
            key: self.owner.verifying_key(),
            claimed_name: name.map(|name| name.as_str().to_owned()),
            issued_at,
            not_after: self.not_after,
        };
        let signature = self.owner.sign(&body.statement()).await?;
        let card = ContactCard::new(body, signature)?;
        card.check(&chain, issued_at)?;
        Ok(card)
    }
}

impl IntoFuture for CardRequest {
    type Output = Result<ContactCard>;
    type IntoFuture = BoxFuture<'static, Result<ContactCard>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(observed("contact_card", self.run()))
    }
}

impl std::fmt::Debug for CardRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardRequest")
            .field("person", &self.person)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// A person of any organisation, introduced by a contact card and found on the chain. Takes the
/// place of a [`PersonId`] in every call: grant to it, or seal about it.
///
/// Organisation and attributes are proven, the name is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    person: PersonInfo,
    organisation: OrganisationInfo,
    card: ContactCard,
}

impl Contact {
    /// The pseudonym, proven to be that of the key that signed the card.
    #[must_use]
    pub const fn id(&self) -> &PersonId {
        &self.person.id
    }

    /// The organisation that enrolled the person. Show its name beside a claimed one.
    #[must_use]
    pub const fn organisation(&self) -> &OrganisationInfo {
        &self.organisation
    }

    /// The attributes that the organisation vouches for.
    #[must_use]
    pub fn attributes(&self) -> &[String] {
        &self.person.attributes
    }

    /// The name that the person chose. **Never proof of who it is:** any enrolled person can claim
    /// any name, letters of other scripts that look alike included.
    #[must_use]
    pub fn claimed_name(&self) -> Option<&str> {
        self.card.claimed_name()
    }

    /// The card, to keep or to pass on. Import it again before relying on the contact much later:
    /// an expired card and a changed enrolment are found then.
    #[must_use]
    pub const fn card(&self) -> &ContactCard {
        &self.card
    }
}

impl From<&Contact> for PersonId {
    fn from(contact: &Contact) -> Self {
        contact.person.id
    }
}

impl From<Contact> for PersonId {
    fn from(contact: Contact) -> Self {
        contact.person.id
    }
}

/// Checks a card against consortium, clock and chain.
pub(crate) async fn import(
    context: &Context,
    lookup: &Lookup,
    card: &ContactCard,
) -> Result<Contact> {
    card.check(context.chain.id(), clock::now())?;
    let person = match lookup.person(card.person()).await {
        Err(source @ Error::UnknownPerson { .. }) => {
            return Err(Error::InvalidContact {
                fault: ContactFault::NotEnrolled,
                source: Some(source.into()),
            });
        }
        found => found?,
    };
    let Body {
        organisation, key, ..
    } = &card.body;
    if person.organisation != *organisation || person.key != *key {
        let organisation = person.organisation;
        return Err(Error::invalid_contact(ContactFault::OtherEnrolment {
            organisation,
        }));
    }
    Ok(Contact {
        organisation: OrganisationInfo::with_id(context.chain.genesis(), organisation)?,
        card: card.clone(),
        person,
    })
}
