//! An organisation: it enrols people and seals records.

use std::sync::Arc;
use std::time::Duration;

use medshare_abe::{AccessPolicy, AttributeSet};
use medshare_contract::state::PersonState;
use medshare_contract::{Call, enrolment_statement, keys};
use medshare_types::keystore::Signer;
use medshare_types::{Denial, OrganisationId, PersonId, ReplicaId, SigningKey};

use crate::actor::Actor;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::issuer::{check_enrollable, check_issuable, parse_attributes, vouched_for};
use crate::keyring::{LocalName, StoredKeys};
use crate::lists::{Listing, Lookup, PersonInfo, RecordInfo};
use crate::observe::observed;
use crate::person::Person;
use crate::person_name::{PersonName, spellings};
use crate::record::RecordRef;
use crate::repair::{Intent, RecordCopies, examine};
use crate::sweep::sweep;
use crate::write::content::Content;
use crate::write::seal::{Author, Seal};
use medshare_store::backend::Store;
use medshare_store::marker::Occasion;

/// An organisation that the application acts for.
#[derive(Clone)]
pub struct Organisation {
    id: OrganisationId,
    name: String,
    actor: Actor,
}

impl Organisation {
    pub(crate) fn new(
        context: Arc<Context>,
        name: String,
        id: OrganisationId,
        seat: ReplicaId,
        signer: Arc<dyn Signer>,
    ) -> Self {
        Self {
            id,
            name,
            actor: Actor::new(context, id.into(), seat, signer),
        }
    }

    /// The organisation's name in the genesis.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The organisation's identifier on the chain.
    #[must_use]
    pub const fn id(&self) -> &OrganisationId {
        &self.id
    }

    /// Enrols a person under a name that only the key store learns; the chain shows a pseudonym
    /// and the attributes. The person's keys are stored before the chain knows of the person, so
    /// calling again resumes an interrupted or refused call; until one succeeds,
    /// [`Self::person`] finds no person.
    ///
    /// The name is kept in Unicode normalisation form C, so that composed and decomposed letters
    /// are one person, and may have [`MAX_PERSON_NAME_LEN`](crate::MAX_PERSON_NAME_LEN) bytes. It has no
    /// space at either end, no combining mark at its beginning, and no character that a reader cannot
    /// see or tell apart: controls, U+00A0 and other spaces but U+0020, U+200B, and the joiners U+200C
    /// and U+200D. Persian and other names that are written with a joiner are enrolled without it: the
    /// letters are the same. Calls for one name at once enrol one pseudonym.
    ///
    /// Attributes cannot be changed later; one with nothing beside a colon, as `role:`, is refused.
    ///
    /// A person whom the key store has and the chain does not know, as after an older chain was
    /// restored, is enrolled again under the same pseudonym.
    ///
    /// # Errors
    /// [`Error::AlreadyEnrolled`], [`Error::InvalidPersonName`], [`Error::InvalidAttribute`],
    /// [`Error::MissingSecret`] for a person enrolled before whose signing key is lost, or why the
    /// consortium, the attribute authority or the key store refused.
    pub async fn enrol(&self, name: &str, attributes: &[&str]) -> Result<Person> {
        observed("enrol", self.enrol_or_resume(name, attributes)).await
    }

    /// The person of that name, enrolled now unless this organisation has enrolled the person
    /// before with the same attributes, in any order and spelling. Calls at once get one person.
    ///
    /// # Errors
    /// [`Error::EnrolmentConflict`] where the person has other attributes; else as [`Self::enrol`].
    pub async fn enrolled_or_new(&self, name: &str, attributes: &[&str]) -> Result<Person> {
        observed("enrol", self.find_or_enrol(name, attributes)).await
    }

    async fn find_or_enrol(&self, name: &str, attributes: &[&str]) -> Result<Person> {
        let refusal = match self.enrol_or_resume(name, attributes).await {
            Ok(person) => return Ok(person),
            Err(refusal) => refusal,
        };
        let (Error::AlreadyEnrolled { .. }, Some((signing_key, stored))) =
            (&refusal, self.stored_under(name).await?)
        else {
            return Err(refusal);
        };
        let person = self.person_with(signing_key, stored);
        let asked = attribute_texts(&parse_attributes(attributes)?);
        match self.known(person.id()).await? {
            Some(known) if known.organisation == self.id && known.attributes == asked => Ok(person),
            Some(known) => Err(Error::EnrolmentConflict {
                name: name.to_owned(),
                enrolled: known.attributes,
                asked,
            }),
            None => Err(refusal),
        }
    }

    async fn enrol_or_resume(&self, name: &str, attributes: &[&str]) -> Result<Person> {
        let canonical = PersonName::new(name)?;
        let attributes = parse_attributes(attributes)?;
        let texts = attribute_texts(&attributes);
        check_enrollable(&texts)?;
        let expected = self.expected_key(&attributes)?;
        let (signing_key, stored) = match self.stored_under(name).await? {
            Some(found) => found,
            None => {
                let stored = self.stored_keys(canonical.as_str());
                (stored.signing_key_or_random().await?, stored)
            }
        };
        let person = self.person_with(signing_key.clone(), stored);
        let keyring = person.keyring();
        let mut known = self.known(person.id()).await?;
        if known.is_none() {
            match self.register(&signing_key, &texts).await {
                // An earlier call that was interrupted had already handed this in.
                Err(Error::Denied(Denial::AlreadyExists)) => {
                    known = self.known(person.id()).await?;
                }
                registered => registered?,
            }
        } else if expected.is_empty() || keyring.attribute_key().await?.is_some() {
            return Err(already_enrolled(name));
        }
        // A resumed call must be the same enrolment.
        if known.is_some_and(|known| known.organisation != self.id || known.attributes != texts) {
            return Err(already_enrolled(name));
        }
        if !expected.is_empty() {
            keyring.obtain(&expected).await?;
        }
        keyring.stored().mark_enrolled(person.id()).await?;
        Ok(person)
    }

    /// The attributes of the key that the authority will issue: those given, and the one that names
    /// this organisation as their voucher. Empty without attributes.
    fn expected_key(&self, attributes: &AttributeSet) -> Result<AttributeSet> {
        if attributes.is_empty() {
            return Ok(AttributeSet::default());
        }
        let expected = vouched_for(attributes, &self.name)?;
        check_issuable(&expected)?;
        Ok(expected)
    }

    fn stored_keys(&self, name: &str) -> StoredKeys {
        StoredKeys::new(self.actor.context().people(), &self.name, name)
    }

    fn person_with(&self, signing_key: SigningKey, stored: StoredKeys) -> Person {
        let context = Arc::clone(self.actor.context());
        Person::new(context, self.actor.home(), signing_key, stored)
    }

    async fn known(&self, id: &PersonId) -> Result<Option<PersonState>> {
        self.actor.read(keys::person(id)).await
    }

    /// Registers a person on the chain, with the person's consent to exactly that.
    async fn register(&self, person: &SigningKey, attributes: &[String]) -> Result<()> {
        let chain = self.actor.context().chain.id();
        let statement = enrolment_statement(chain, &self.id, attributes);
        let call = Call::EnrolPerson {
            key: person.verifying_key(),
            attributes: attributes.to_vec(),
            consent: person.sign(&statement),
        };
        self.actor.call(&call).await.map(drop)
    }

    /// A person whom this organisation enrolled before, by the name in the key store. Spellings of
    /// one name in composed and decomposed letters find the same person.
    ///
    /// # Errors
    /// [`Error::UnknownPerson`], also while an enrolment is interrupted or refused;
    /// [`Error::MissingSecret`] where the person's signing key is lost,
    /// [`Error::InvalidPersonName`], or why the key store failed.
    pub async fn person(&self, name: &str) -> Result<Person> {
        if let Some((signing_key, stored)) = self.stored_under(name).await? {
            let person = self.person_with(signing_key, stored);
            if self.has_enrolled(&person).await? {
                return Ok(person);
            }
        }
        PersonName::new(name)?;
        Err(Error::UnknownPerson {
            name: name.to_owned(),
        })
    }

    /// The entries under the first spelling of the name that has any.
    ///
    /// # Errors
    /// [`Error::MissingSecret`] where other entries tell of a signing key that is not there: a new
    /// one would be another person.
    async fn stored_under(&self, name: &str) -> Result<Option<(SigningKey, StoredKeys)>> {
        for spelling in spellings(name) {
            let stored = self.stored_keys(&spelling);
            if let Some(signing_key) = stored.signing_key().await? {
                return Ok(Some((signing_key, stored)));
            }
            if stored.had_signing_key().await? {
                // Another call may have enrolled the person since.
                let signing_key = stored.signing_key().await?;
                let signing_key = signing_key.ok_or_else(|| stored.missing_signing_key())?;
                return Ok(Some((signing_key, stored)));
            }
        }
        Ok(None)
    }

    /// Whether an enrolment went to its end. Asks the chain only where the key store has no mark of
    /// it: a store that was written before there were marks, or one that failed at the last step.
    async fn has_enrolled(&self, person: &Person) -> Result<bool> {
        let stored = person.keyring().stored();
        if stored.is_enrolled(person.id()).await? {
            return Ok(true);
        }
        let Some(known) = self.known(person.id()).await? else {
            return Ok(false);
        };
        let whole = known.organisation == self.id
            && (known.attributes.is_empty() || stored.has_attribute_key().await?);
        if whole && let Err(error) = stored.mark_enrolled(person.id()).await {
            // The error may have the name of an entry, and so the person's.
            let (person, code) = (person.id(), error.code());
            tracing::warn!(%person, code, "the chain is asked again next time");
        }
        Ok(whole)
    }

    /// A person whom this organisation enrolled before with this key store, by pseudonym: a way
    /// from a list to the person.
    ///
    /// # Errors
    /// [`Error::UnknownPerson`], or why the key store failed.
    pub async fn person_with_id(&self, id: &PersonId) -> Result<Person> {
        let local = LocalName::load(&*self.actor.context().people(), id).await?;
        if let Some(local) = local.filter(|local| local.organisation == self.name) {
            let person = self.person(&local.person).await?;
            if person.id() == id {
                return Ok(person);
            }
        }
        Err(Error::UnknownPerson {
            name: id.to_string(),
        })
    }

    fn lookup(&self) -> Lookup {
        Lookup::new(self.actor.context(), self.actor.home())
    }

    /// The records that this organisation owns, each in its latest version.
    ///
    /// # Errors
    /// Why the state could not be read.
    pub async fn records(&self) -> Result<Listing<RecordInfo>> {
        self.lookup().records_of(&self.id).await
    }

    /// The people whom this organisation enrolled, by whatever key store; with their names where
    /// this application's key store has them.
    ///
    /// # Errors
    /// Why the state could not be read, or the key store failed.
    pub async fn people(&self) -> Result<Listing<PersonInfo>> {
        self.lookup().people_of(&self.id).await
    }

    /// Seals content as a new record under a policy. Finish with [`Seal::subject`] and `.await`.
    pub fn seal(&self, content: impl Into<Content>, policy: &AccessPolicy) -> Seal {
        let author = Author {
            id: self.id,
            name: self.name.clone(),
        };
        Seal::new(self.actor.clone(), author, content.into(), policy.clone())
    }

    /// Removes objects from this organisation's own store that belong to no registered payload and
    /// have not changed for `age`, with the staging files that killed seals have left. Returns the
    /// number of payloads removed. After an object that cannot be removed the sweep goes on with the
    /// others, and returns that failure at its end.
    ///
    /// Keep `age` longer than any seal takes: its objects are stored before the chain knows of
    /// them. Seals of this process are left alone at any age. A payload counts as unregistered only
    /// by the proof of a block that is later than its last change by `age`, so neither a member that
    /// lags nor one that shows an old state can have live objects removed. On an idle chain,
    /// sweeping waits for the next block. A copy that failed while it was sealed, so that the record
    /// names other stores, counts as unregistered.
    ///
    /// # Errors
    /// [`Error::ObjectStore`], [`Error::MissingStore`], [`Error::ForeignStore`],
    /// [`Error::UnknownOrganisation`] if the application was not given the store, or why the state
    /// could not be read.
    pub async fn sweep_orphans(&self, age: Duration) -> Result<usize> {
        let chain = &self.actor.context().chain;
        sweep(chain, self.actor.home(), self.store()?, age).await
    }

    /// Marks this organisation's store as its own, and creates the folder of a store that is one.
    /// Needed once for each store that the application brings, and for a new one that replaces a
    /// lost one; then [`Self::repair`] restores each record. A store without its marker takes no
    /// objects: it may be the empty folder of a volume that is not mounted. Calling again changes
    /// nothing.
    ///
    /// # Errors
    /// [`Error::ForeignStore`] for a store of another organisation or consortium,
    /// [`Error::ObjectStore`], or [`Error::UnknownOrganisation`] if the application was not given
    /// the store.
    pub async fn prepare_store(&self) -> Result<()> {
        Ok(self.store()?.prepare(Occasion::Replacement).await?)
    }

    /// As [`Consortium::check`](crate::Consortium::check), asking this organisation's member first.
    ///
    /// # Errors
    /// Those of that call.
    pub async fn check(&self, record: impl Into<RecordRef>) -> Result<RecordCopies> {
        let home = self.actor.home();
        examine(self.actor.context(), home, record.into(), Intent::Look).await
    }

    /// As [`Consortium::repair`](crate::Consortium::repair), asking this organisation's member
    /// first.
    ///
    /// # Errors
    /// Those of that call.
    pub async fn repair(&self, record: impl Into<RecordRef>) -> Result<RecordCopies> {
        let home = self.actor.home();
        examine(self.actor.context(), home, record.into(), Intent::Restore).await
    }

    fn store(&self) -> Result<&Store> {
        let stores = &self.actor.context().stores;
        stores.get(&self.id).ok_or_else(|| {
            let reason = "this application was given no store of it, and has those of";
            let known = stores.values().map(|store| store.owner().name.as_str());
            Error::unknown_organisation(&self.name, reason, known)
        })
    }
}

/// The attributes as the chain has them: one text each, strictly ascending.
fn attribute_texts(attributes: &AttributeSet) -> Vec<String> {
    let mut texts: Vec<_> = attributes.iter().map(ToString::to_string).collect();
    texts.sort_unstable();
    texts
}

fn already_enrolled(name: &str) -> Error {
    Error::AlreadyEnrolled {
        name: name.to_owned(),
    }
}

impl From<&Organisation> for OrganisationId {
    fn from(organisation: &Organisation) -> Self {
        organisation.id
    }
}

impl std::fmt::Debug for Organisation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Organisation({})", self.name)
    }
}
