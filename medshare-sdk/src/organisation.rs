//! An organisation: it enrols people and seals records.

use std::sync::Arc;

use medshare_abe::{AccessPolicy, AttributeSet, check_issuable};
use medshare_contract::state::PersonState;
use medshare_contract::{Call, enrolment_statement, keys};
use medshare_types::{
    Denial, OrganisationId, PersonId, ReplicaId, SealingDate, Signer, SigningKey,
};

use crate::consortium::Consortium;
use crate::error::{Error, Result};
use crate::issuer::{parse_attributes, vouched_for};
use crate::observe::observed;
use crate::person::{Person, PersonKeys};
use crate::write::content::Content;
use crate::write::seal::Seal;
use medshare_host::clock;
use medshare_host::os_random;

/// An organisation that the application acts for.
#[derive(Clone)]
pub struct Organisation {
    pub(crate) consortium: Consortium,
    pub(crate) name: String,
    pub(crate) id: OrganisationId,
    pub(crate) home: ReplicaId,
    pub(crate) signer: Arc<dyn Signer>,
}

impl Organisation {
    pub(crate) fn new(
        consortium: Consortium,
        name: String,
        id: OrganisationId,
        home: ReplicaId,
        signer: Arc<dyn Signer>,
    ) -> Self {
        Self {
            consortium,
            name,
            id,
            home,
            signer,
        }
    }

    /// Its name, as people write it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its identifier on the chain.
    #[must_use]
    pub const fn id(&self) -> &OrganisationId {
        &self.id
    }

    /// Enrols a person under a name that only the key store learns; the chain shows a pseudonym
    /// and the attributes. The person's keys are in the key store before the chain knows of it, so
    /// an interrupted call is taken up where it ended by calling again.
    ///
    /// # Errors
    /// [`Error::AlreadyEnrolled`], [`Error::InvalidAttribute`], or why the consortium or the
    /// attribute authority refused.
    pub async fn enrol(&self, name: &str, attributes: &[&str]) -> Result<Person> {
        observed("enrol", self.enrol_or_resume(name, attributes)).await
    }

    async fn enrol_or_resume(&self, name: &str, attributes: &[&str]) -> Result<Person> {
        let attributes = parse_attributes(attributes)?;
        let mut texts: Vec<_> = attributes.iter().map(ToString::to_string).collect();
        texts.sort_unstable();
        let expected = self.expected_key(&attributes)?;
        let keys = self.keys_of(name);
        let signing_key = match keys.signing_key().await? {
            Some(key) => key,
            None => {
                let key = SigningKey::random(&mut os_random());
                keys.store_signing_key(&key).await?;
                key
            }
        };
        let signing_key = Arc::new(signing_key);
        let person = self.acting_as(Arc::clone(&signing_key), keys);
        let mut known = self.known(person.id()).await?;
        if known.is_none() {
            match self.register(&signing_key, &texts).await {
                // An earlier call that was interrupted had already handed this in.
                Err(Error::Denied(Denial::AlreadyExists)) => {
                    known = self.known(person.id()).await?
                }
                other => other?,
            }
        } else if expected.is_empty() || person.attribute_key().await?.is_some() {
            return Err(already(name));
        }
        // Taken up again, it must be the same enrolment.
        if known.is_some_and(|known| known.organisation != self.id || known.attributes != texts) {
            return Err(already(name));
        }
        if !expected.is_empty() {
            person.obtain_attribute_key(&expected).await?;
        }
        Ok(person)
    }

    /// What the authority will issue a key for: the attributes, and whose word they rest on. None
    /// without attributes.
    fn expected_key(&self, attributes: &AttributeSet) -> Result<AttributeSet> {
        if attributes.is_empty() {
            return Ok(AttributeSet::default());
        }
        let expected = vouched_for(attributes, &self.name)?;
        match check_issuable(&expected) {
            Ok(()) => Ok(expected),
            Err(error) => Err(Error::InvalidAttribute {
                attribute: attributes.to_string(),
                reason: error.to_string(),
            }),
        }
    }

    fn keys_of(&self, name: &str) -> PersonKeys {
        PersonKeys::new(Arc::clone(&self.consortium.inner.people), &self.name, name)
    }

    fn acting_as(&self, signer: Arc<SigningKey>, keys: PersonKeys) -> Person {
        let id = PersonId::of_key(&signer.verifying_key());
        Person::new(self.consortium.clone(), id, self.home, signer, keys)
    }

    async fn known(&self, id: &PersonId) -> Result<Option<PersonState>> {
        let chain = &self.consortium.inner.chain;
        chain.read(self.home, keys::person(id)).await
    }

    /// Tells the chain of a person, with the person's own consent to just that.
    async fn register(&self, person: &SigningKey, attributes: &[String]) -> Result<()> {
        let chain = &self.consortium.inner.chain;
        let statement = enrolment_statement(chain.id(), &self.id, attributes);
        let call = Call::EnrolPerson {
            key: person.verifying_key(),
            attributes: attributes.to_vec(),
            consent: person.sign(&statement),
        };
        let enrolled = chain.call(self.home, self.id.into(), &*self.signer, &call);
        enrolled.await.map(drop)
    }

    /// Somebody whom this organisation enrolled before, by the name in the key store.
    ///
    /// # Errors
    /// [`Error::UnknownPerson`], or why the key store failed.
    pub async fn person(&self, name: &str) -> Result<Person> {
        let keys = self.keys_of(name);
        let signing_key = keys
            .signing_key()
            .await?
            .ok_or_else(|| Error::UnknownPerson {
                name: name.to_owned(),
            })?;
        Ok(self.acting_as(Arc::new(signing_key), keys))
    }

    /// Seals content as a new record under a policy. Finish with [`Seal::subject`] and `.await`.
    pub fn seal(&self, content: impl Into<Content>, policy: &AccessPolicy) -> Seal {
        Seal::new(self.clone(), content.into(), policy.clone())
    }

    pub(crate) fn today() -> SealingDate {
        SealingDate::of(clock::now())
    }
}

fn already(name: &str) -> Error {
    let name = name.to_owned();
    Error::AlreadyEnrolled { name }
}

impl std::fmt::Debug for Organisation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Organisation({})", self.name)
    }
}
