//! A person's keys: the choice of the one that opens a record, and their entries in the key store.

use std::sync::Arc;

use medshare_abe::issuance::RecipientKeyPair;
use medshare_abe::{AccessPolicy, AttributeSet, Date, UserSecretKey};
use medshare_contract::keys;
use medshare_contract::state::PersonState;
use medshare_host::{clock, os_random};
use medshare_types::keystore::{KeyStore, KeyStoreError, load_or_create};
use medshare_types::{PersonId, RandomSource as _, RecordId, Signature, SigningKey};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::access_rule::AccessRule;
use crate::actor::Actor;
use crate::deadlines::millis;
use crate::error::{Error, Result};
use crate::issuer::{KeyRequest, subject_attribute, vouched_attributes};
use crate::turns::Queue;

/// What a key must meet to open a record, from public data.
pub(crate) struct Requirement<'a> {
    /// The policy of the record's header.
    pub(crate) policy: &'a AccessPolicy,
    /// The day that the key must cover.
    pub(crate) sealed_on: Date,
    pub(crate) record: RecordId,
    pub(crate) subject: PersonId,
}

/// The attribute keys of one person, stored or still to be issued.
#[derive(Clone)]
pub(crate) struct Keyring {
    person: PersonId,
    actor: Actor,
    stored: StoredKeys,
}

impl Keyring {
    pub(crate) const fn new(person: PersonId, actor: Actor, stored: StoredKeys) -> Self {
        Self {
            person,
            actor,
            stored,
        }
    }

    pub(crate) const fn person(&self) -> PersonId {
        self.person
    }

    pub(crate) const fn stored(&self) -> &StoredKeys {
        &self.stored
    }

    /// The name that the person's keys are stored under.
    pub(crate) fn name(&self) -> &str {
        &self.stored.person
    }

    /// The person's key that opens a record.
    ///
    /// A stored key that does not is renewed, once, if a new one may open it. The record's subject
    /// gets a key for the record alone, each time anew. Asks the authority only then, and nothing
    /// of the gate's holders.
    ///
    /// # Errors
    /// [`Error::PolicyUnsatisfied`], or [`Error::WithheldFromSubject`] for the record's subject;
    /// [`Error::KeyLapsed`], or why no key was issued.
    pub(crate) async fn key_for(&self, requirement: &Requirement<'_>) -> Result<UserSecretKey> {
        let sealed_on = requirement.sealed_on;
        let rule = AccessRule::of(requirement.policy, &requirement.record);
        let policy = rule.policy();
        let satisfies = |key: &UserSecretKey| policy.is_satisfied_by(key.attributes());
        let old = match self.attribute_key().await? {
            Some(key) if satisfies(&key) && key.validity().contains(sealed_on) => return Ok(key),
            old => old,
        };
        if self.opens_as_subject(&rule, requirement) {
            return covering(self.subject_key(&requirement.record).await?, sealed_on);
        }
        let check = |attributes: &AttributeSet| match policy.missing(attributes) {
            missing if missing.is_empty() => Ok(()),
            _ if requirement.subject == self.person => Err(Error::WithheldFromSubject {
                policy: policy.to_string(),
            }),
            missing => Err(Error::policy_unsatisfied(policy, &missing)),
        };
        if !old.as_ref().is_some_and(satisfies) {
            // The chain names the attributes of a new key, so the authority is not asked in vain.
            check(&self.vouched_attributes().await?)?;
        }
        let new = self.renew(old.as_ref()).await?;
        check(new.attributes())?;
        covering(new, sealed_on)
    }

    fn opens_as_subject(&self, rule: &AccessRule, requirement: &Requirement<'_>) -> bool {
        rule.is_readable_by_subject() && requirement.subject == self.person
    }

    /// The stored attribute key. None for a person without attributes, nor where the stored bytes
    /// are not a key of this authority: the authority issues another.
    pub(crate) async fn attribute_key(&self) -> Result<Option<UserSecretKey>> {
        let Some(bytes) = self.stored.attribute_key(&self.person).await? else {
            return Ok(None);
        };
        let parameters = Arc::clone(&self.actor.context().parameters);
        let parse = move || UserSecretKey::from_bytes(&bytes, &parameters, &mut os_random());
        match self.actor.context().computing.run(parse).await? {
            Ok(key) => Ok(Some(key)),
            Err(error) => {
                tracing::warn!(%error, "the stored attribute key cannot be read");
                Ok(None)
            }
        }
    }

    /// Has the first attribute key issued, which must be for all of `expected`, and stores it.
    pub(crate) async fn obtain(&self, expected: &AttributeSet) -> Result<()> {
        let key = self.request(None).await?;
        let mut expected = expected.iter();
        if let Some(missing) = expected.find(|attribute| !key.attributes().contains(attribute)) {
            return Err(Error::BadAttributeKey {
                source: format!("it lacks {missing}").into(),
            });
        }
        self.stored.store_attribute_key(&key.to_bytes()).await
    }

    /// A new key for the attributes on the chain today. It replaces the stored one unless it would
    /// open less.
    async fn renew(&self, old: Option<&UserSecretKey>) -> Result<UserSecretKey> {
        let key = self.request(None).await?;
        if old.is_none_or(|old| covers(&key, old)) {
            self.stored.store_attribute_key(&key.to_bytes()).await?;
        } else {
            tracing::warn!("the new attribute key opens less than the old one, which is kept");
        }
        Ok(key)
    }

    /// A key for one record about the person. It is not stored: a record has few readings by its
    /// subject, and a person may have many records.
    async fn subject_key(&self, record: &RecordId) -> Result<UserSecretKey> {
        let key = self.request(Some(*record)).await?;
        let expected = subject_attribute(record);
        if key.attributes().contains(&expected) {
            Ok(key)
        } else {
            Err(Error::BadAttributeKey {
                source: format!("it lacks {expected}").into(),
            })
        }
    }

    /// A key from the issuer, opened and found to be one of the authority's. Callers check its
    /// attributes and days.
    async fn request(&self, record: Option<RecordId>) -> Result<UserSecretKey> {
        let context = self.actor.context();
        // Before the request is dated.
        let _turn = context.chain.turn(Queue::Issuances).await?;
        let pair = RecipientKeyPair::random(&mut os_random());
        let mut request = KeyRequest {
            person: self.person,
            record,
            recipient: pair.public(),
            nonce: os_random().array(),
            at: clock::now(),
            signature: Signature::from_bytes([0; 64]),
        };
        let statement = request.statement(context.chain.id(), &context.parameters.digest());
        request.signature = self.actor.sign(&statement).await?;
        let patience = context.chain.deadlines().issuance;
        let issued = timeout(patience, context.issuer.issue(&request)).await;
        let sealed = issued.map_err(|_| Error::TimedOut {
            what: "issue an attribute key",
            timeout_ms: millis(patience),
            causes: Vec::new(),
            transaction: None,
            grant: None,
        })??;
        let parameters = Arc::clone(&context.parameters);
        let open = move || sealed.open(&pair, &statement, &parameters, &mut os_random());
        let opened = context.computing.run(open).await?;
        opened.map_err(|source| Error::BadAttributeKey {
            source: Box::new(source),
        })
    }

    /// The attributes of a new key, by proof.
    async fn vouched_attributes(&self) -> Result<AttributeSet> {
        let found: Option<PersonState> = self.actor.read(keys::person(&self.person)).await?;
        match found {
            Some(person) => vouched_attributes(self.actor.context().chain.genesis(), &person),
            None => Ok(AttributeSet::default()),
        }
    }
}

/// The key, if it covers the day of sealing.
fn covering(key: UserSecretKey, sealed_on: Date) -> Result<UserSecretKey> {
    let validity = key.validity();
    if validity.contains(sealed_on) {
        Ok(key)
    } else {
        Err(Error::KeyLapsed {
            sealed_on,
            validity,
        })
    }
}

/// Returns true if the new key opens every record that the old one does.
fn covers(new: &UserSecretKey, old: &UserSecretKey) -> bool {
    let new_days = new.validity();
    let old_days = old.validity();
    let mut held = old.attributes().iter();
    new_days.first() <= old_days.first()
        && new_days.last() >= old_days.last()
        && held.all(|attribute| new.attributes().contains(attribute))
}

const SIGNING_KEY: &str = "signing-key";
const ATTRIBUTE_KEY: &str = "attribute-key";
/// Holds the pseudonym, once the person is enrolled and has the attribute key, if any.
const ENROLLED: &str = "enrolled";

/// A person's entries in the key store.
#[derive(Clone)]
pub(crate) struct StoredKeys {
    store: Arc<dyn KeyStore>,
    organisation: String,
    person: String,
}

impl StoredKeys {
    pub(crate) fn new(store: Arc<dyn KeyStore>, organisation: &str, person: &str) -> Self {
        Self {
            store,
            organisation: organisation.to_owned(),
            person: person.to_owned(),
        }
    }

    /// None also under a name that the store cannot hold.
    pub(crate) async fn signing_key(&self) -> Result<Option<SigningKey>> {
        let name = self.entry(SIGNING_KEY);
        match self.store.load(&name).await {
            Ok(Some(seed)) => parse_signing_key(name, &seed).map(Some),
            Ok(None) | Err(KeyStoreError::InvalidName { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether other entries tell that there was a signing key.
    pub(crate) async fn had_signing_key(&self) -> Result<bool> {
        for kind in [ENROLLED, ATTRIBUTE_KEY] {
            match self.store.load(&self.entry(kind)).await {
                Ok(None) | Err(KeyStoreError::InvalidName { .. }) => {}
                // A damaged entry is one that was there.
                Ok(Some(_)) | Err(KeyStoreError::Altered { .. }) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    /// The error of a signing key that is lost.
    pub(crate) fn missing_signing_key(&self) -> Error {
        Error::MissingSecret {
            entry: self.entry(SIGNING_KEY),
        }
    }

    /// Draws the signing key where there is none. Calls at once get one key.
    pub(crate) async fn signing_key_or_random(&self) -> Result<SigningKey> {
        let name = self.entry(SIGNING_KEY);
        let draw = || Zeroizing::new(SigningKey::random(&mut os_random()).seed().to_vec());
        let seed = load_or_create(&*self.store, &name, draw).await?;
        parse_signing_key(name, &seed)
    }

    /// Returns true if the enrolment of this pseudonym went to its end.
    pub(crate) async fn is_enrolled(&self, person: &PersonId) -> Result<bool> {
        match self.store.load(&self.entry(ENROLLED)).await {
            // The error has the person's name, as has every entry's name.
            Err(KeyStoreError::Altered { .. }) => {
                tracing::warn!(%person, "the mark of an enrolment is damaged: the chain is asked");
                Ok(false)
            }
            mark => Ok(mark?.is_some_and(|mark| mark.as_slice() == person.as_ref())),
        }
    }

    /// Notes that the enrolment of this pseudonym went to its end.
    pub(crate) async fn mark_enrolled(&self, person: &PersonId) -> Result<()> {
        let local = LocalName {
            organisation: self.organisation.clone(),
            person: self.person.clone(),
        };
        local.store(&*self.store, person).await?;
        create(&*self.store, &self.entry(ENROLLED), person.as_ref()).await
    }

    pub(crate) async fn has_attribute_key(&self) -> Result<bool> {
        match self.store.load(&self.entry(ATTRIBUTE_KEY)).await {
            Err(KeyStoreError::Altered { .. }) => Ok(true),
            found => Ok(found?.is_some()),
        }
    }

    /// None also where the entry is damaged: the authority issues another key.
    async fn attribute_key(&self, person: &PersonId) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match self.store.load(&self.entry(ATTRIBUTE_KEY)).await {
            Err(KeyStoreError::Altered { .. }) => {
                tracing::warn!(%person, "the stored attribute key is damaged");
                Ok(None)
            }
            found => Ok(found?),
        }
    }

    async fn store_attribute_key(&self, key: &[u8]) -> Result<()> {
        Ok(self.store.store(&self.entry(ATTRIBUTE_KEY), key).await?)
    }

    /// The name of an entry. Lengths keep two pairs of names from running into one.
    fn entry(&self, kind: &str) -> String {
        let organisation = &self.organisation;
        let person = &self.person;
        format!(
            "person/{}:{organisation}/{}:{person}/{kind}",
            organisation.len(),
            person.len()
        )
    }
}

/// The name that a pseudonym is stored under, and by which organisation.
pub(crate) struct LocalName {
    pub(crate) organisation: String,
    pub(crate) person: String,
}

impl LocalName {
    fn entry(id: &PersonId) -> String {
        format!("pseudonym/{}", id.digest())
    }

    /// `None` for people whom this key store does not know.
    pub(crate) async fn load(store: &dyn KeyStore, id: &PersonId) -> Result<Option<Self>> {
        let name = Self::entry(id);
        let Some(found) = store.load(&name).await? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&found).ok();
        match text.and_then(|text| text.split_once('\n')) {
            Some((organisation, person)) => Ok(Some(Self {
                organisation: organisation.to_owned(),
                person: person.to_owned(),
            })),
            None => Err(KeyStoreError::Altered { name, file: None }.into()),
        }
    }

    async fn store(&self, store: &dyn KeyStore, id: &PersonId) -> Result<()> {
        // Names of organisations have no line break.
        let text = format!("{}\n{}", self.organisation, self.person);
        create(store, &Self::entry(id), text.as_bytes()).await
    }
}

/// Stores what never changes.
async fn create(store: &dyn KeyStore, name: &str, value: &[u8]) -> Result<()> {
    match store.create(name, value).await {
        Ok(()) | Err(KeyStoreError::AlreadyExists { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn parse_signing_key(name: String, seed: &[u8]) -> Result<SigningKey> {
    match seed.try_into() {
        Ok(seed) => Ok(SigningKey::from_seed(seed)),
        Err(_) => Err(KeyStoreError::Altered { name, file: None }.into()),
    }
}

#[cfg(test)]
mod tests {
    use medshare_host::keystore::{MAX_ENTRY_NAME_LEN, MemoryKeyStore};

    use super::*;
    use crate::person_name::MAX_PERSON_NAME_LEN;

    /// Every limit on a name holds before the first entry is written.
    #[test]
    fn all_entries_of_the_longest_names_fit() {
        let organisation = "x".repeat(64);
        let person = "x".repeat(MAX_PERSON_NAME_LEN);
        let stored = StoredKeys::new(Arc::new(MemoryKeyStore::new()), &organisation, &person);
        for kind in [SIGNING_KEY, ATTRIBUTE_KEY, ENROLLED] {
            let length = stored.entry(kind).len();
            assert!(length <= MAX_ENTRY_NAME_LEN, "{kind}: {length}");
        }
    }
}
