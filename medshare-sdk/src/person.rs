//! A person: the patient who grants and revokes, the clinician who opens.

use std::sync::Arc;

use medshare_abe::{AttributeSet, UserSecretKey};
use medshare_contract::state::{GrantState, PersonState};
use medshare_contract::{Call, GrantTerms, keys};
use medshare_types::keystore::KeyStore;
use medshare_types::{GrantId, PersonId, Purpose, PurposeSet, ReplicaId, Signer, SigningKey};
use zeroize::Zeroizing;

use crate::consortium::Consortium;
use crate::error::{Error, Result};
use crate::grant::GrantRequest;
use crate::issuer;
use crate::observe::observed;
use crate::read::open::Open;
use crate::read::record as reader;
use crate::record::{Descriptor, Record};
use crate::window::Window;
use medshare_host::blocking;
use medshare_host::clock;
use medshare_host::os_random;

/// A person whose keys are in the application's key store.
#[derive(Clone)]
pub struct Person {
    pub(crate) consortium: Consortium,
    id: PersonId,
    pub(crate) home: ReplicaId,
    pub(crate) signer: Arc<dyn Signer>,
    keys: PersonKeys,
}

impl Person {
    pub(crate) fn new(
        consortium: Consortium,
        id: PersonId,
        home: ReplicaId,
        signer: Arc<dyn Signer>,
        keys: PersonKeys,
    ) -> Self {
        Self {
            consortium,
            id,
            home,
            signer,
            keys,
        }
    }

    /// The pseudonym that the chain knows the person by.
    #[must_use]
    pub const fn id(&self) -> &PersonId {
        &self.id
    }

    /// The name in the key store.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.keys.person
    }

    /// Lets `grantee` ask for access to a record about this person. `.await` it; the purpose is
    /// treatment unless [`GrantRequest::purpose`] says otherwise.
    pub fn grant(&self, record: Record, grantee: &Self, window: Window) -> GrantRequest {
        GrantRequest::new(self.clone(), record, *grantee.id(), window)
    }

    pub(crate) async fn give(
        &self,
        record: Record,
        grantee: PersonId,
        window: Window,
        purposes: PurposeSet,
        uses: Option<u32>,
    ) -> Result<GrantId> {
        let chain = &self.consortium.inner.chain;
        let tolerance = chain.genesis().parameters.precision_ms;
        let call = Call::Grant(GrantTerms {
            record: record.id,
            version: record.version,
            grantee,
            window: window.resolve(clock::now(), tolerance),
            purposes,
            uses,
        });
        let effect = chain
            .call(self.home, self.id.into(), &*self.signer, &call)
            .await?;
        Ok(GrantId::of_transaction(&effect.transaction))
    }

    /// Withdraws a grant. From the block that holds it on no ticket is issued, and no holder that
    /// has applied it gives a share, even for tickets issued before.
    ///
    /// # Errors
    /// [`Error::Denied`], with `revoked` when it was withdrawn before.
    pub async fn revoke(&self, grant: GrantId) -> Result<()> {
        let chain = &self.consortium.inner.chain;
        let call = Call::RevokeGrant { grant };
        let revoke = chain.call(self.home, self.id.into(), &*self.signer, &call);
        observed("revoke", revoke).await.map(drop)
    }

    /// Opens the record of a grant: asks for a ticket, gathers release shares, decrypts. `.await`
    /// it for the content in memory, or stream it with [`Open::write_to`].
    pub fn open(&self, grant: GrantId) -> Open {
        Open::new(self.clone(), grant, Purpose::Treatment)
    }

    /// What a record is, when it was sealed and by whom; by attributes alone, without a ticket.
    ///
    /// # Errors
    /// [`Error::PolicyUnsatisfied`], [`Error::ObjectUnavailable`], or why the chain refused.
    pub async fn describe(&self, record: Record) -> Result<Descriptor> {
        observed("describe", reader::describe(self, record)).await
    }

    /// The grant as it stands on the chain, by proof.
    pub(crate) async fn grant_state(&self, grant: &GrantId) -> Result<GrantState> {
        let chain = &self.consortium.inner.chain;
        let found = chain.read(self.home, keys::grant(grant)).await?;
        found.ok_or(Error::Denied(medshare_types::Denial::UnknownGrant))
    }

    /// The person's stored attribute key; none for somebody enrolled without attributes, and where
    /// what is stored is no key of this authority's: the authority gives another.
    pub(crate) async fn attribute_key(&self) -> Result<Option<UserSecretKey>> {
        let Some(bytes) = self.keys.attribute_key().await? else {
            return Ok(None);
        };
        let parameters = Arc::clone(&self.consortium.inner.parameters);
        let parse = move || UserSecretKey::from_bytes(&bytes, &parameters, &mut os_random());
        let parsed = blocking(parse).await?;
        if let Err(error) = &parsed {
            tracing::warn!(%error, "the stored attribute key cannot be read");
        }
        Ok(parsed.ok())
    }

    /// A new attribute key for what the chain says of the person today. It takes the place of the
    /// old one unless it would give less than that.
    pub(crate) async fn renew_attribute_key(
        &self,
        old: Option<&UserSecretKey>,
    ) -> Result<UserSecretKey> {
        let inner = &self.consortium.inner;
        let key = issuer::ask(inner, self.id, &*self.signer).await?;
        if old.is_none_or(|old| covers(&key, old)) {
            self.keys.store_attribute_key(&key.to_bytes()).await?;
        } else {
            tracing::warn!("the new attribute key gives less than the old one, which is kept");
        }
        Ok(key)
    }

    /// The first attribute key, which must be for all of `expected`.
    pub(crate) async fn obtain_attribute_key(&self, expected: &AttributeSet) -> Result<()> {
        let key = issuer::ask(&self.consortium.inner, self.id, &*self.signer).await?;
        let lacks = |attribute: &&_| !key.attributes().contains(attribute);
        if let Some(missing) = expected.iter().find(lacks) {
            return Err(Error::BadAttributeKey {
                reason: format!("it lacks {missing}"),
            });
        }
        self.keys.store_attribute_key(&key.to_bytes()).await
    }

    /// What a new attribute key would be for, by proof.
    pub(crate) async fn vouched_attributes(&self) -> Result<AttributeSet> {
        let chain = &self.consortium.inner.chain;
        let person: Option<PersonState> = chain.read(self.home, keys::person(&self.id)).await?;
        let attributes = person.map(|person| issuer::vouched_attributes(chain.genesis(), &person));
        attributes.unwrap_or_else(|| Ok(AttributeSet::default()))
    }
}

/// Whether whatever the old key opens, the new one does too.
fn covers(new: &UserSecretKey, old: &UserSecretKey) -> bool {
    let (days, old_days) = (new.validity(), old.validity());
    days.first() <= old_days.first()
        && days.last() >= old_days.last()
        && old
            .attributes()
            .iter()
            .all(|held| new.attributes().contains(held))
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({}, {:?})", self.keys.person, self.id)
    }
}

/// A person's entries in the key store.
#[derive(Clone)]
pub(crate) struct PersonKeys {
    store: Arc<dyn KeyStore>,
    organisation: String,
    person: String,
}

impl PersonKeys {
    pub(crate) fn new(store: Arc<dyn KeyStore>, organisation: &str, person: &str) -> Self {
        Self {
            store,
            organisation: organisation.to_owned(),
            person: person.to_owned(),
        }
    }

    /// Lengths keep two pairs of names from running into one.
    fn entry(&self, kind: &str) -> String {
        let (organisation, person) = (&self.organisation, &self.person);
        format!(
            "person/{}:{organisation}/{}:{person}/{kind}",
            organisation.len(),
            person.len()
        )
    }

    pub(crate) async fn signing_key(&self) -> Result<Option<SigningKey>> {
        let Some(seed) = self.store.load(&self.entry("signing-key")).await? else {
            return Ok(None);
        };
        let seed: &[u8; 32] = seed
            .as_slice()
            .try_into()
            .map_err(|_| Error::Undecipherable)?;
        Ok(Some(SigningKey::from_seed(seed)))
    }

    pub(crate) async fn store_signing_key(&self, key: &SigningKey) -> Result<()> {
        Ok(self
            .store
            .store(&self.entry("signing-key"), &**key.seed())
            .await?)
    }

    pub(crate) async fn attribute_key(&self) -> Result<Option<Zeroizing<Vec<u8>>>> {
        Ok(self.store.load(&self.entry("attribute-key")).await?)
    }

    pub(crate) async fn store_attribute_key(&self, key: &[u8]) -> Result<()> {
        Ok(self.store.store(&self.entry("attribute-key"), key).await?)
    }
}
