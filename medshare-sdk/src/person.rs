//! A person: the patient who grants and revokes, the clinician who opens.

use std::sync::Arc;

use medshare_contract::Call;
use medshare_types::{GrantId, PersonId, ReplicaId, SigningKey};

use crate::actor::Actor;
use crate::contact::CardRequest;
use crate::context::Context;
use crate::error::Result;
use crate::grant::GrantRequest;
use crate::keyring::{Keyring, StoredKeys};
use crate::lists::{GrantInfo, Listing, Lookup, RecordInfo};
use crate::observe::observed;
use crate::read::open::Open;
use crate::read::own::OpenOwn;
use crate::read::record::describe;
use crate::record::{Descriptor, RecordRef};
use crate::window::Window;

/// A person whose keys are in the application's key store.
#[derive(Clone)]
pub struct Person {
    id: PersonId,
    actor: Actor,
    keyring: Keyring,
}

impl Person {
    pub(crate) fn new(
        context: Arc<Context>,
        home: ReplicaId,
        signing_key: SigningKey,
        stored: StoredKeys,
    ) -> Self {
        let id = PersonId::of_key(&signing_key.verifying_key());
        let actor = Actor::new(context, id.into(), home, Arc::new(signing_key));
        let keyring = Keyring::new(id, actor.clone(), stored);
        Self { id, actor, keyring }
    }

    pub(crate) const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The pseudonym that the chain knows the person by.
    #[must_use]
    pub const fn id(&self) -> &PersonId {
        &self.id
    }

    /// The name in the key store; the chain does not have it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.keyring.name()
    }

    /// Lets `grantee`, a `&Person` or a [`PersonId`], ask for access to a record about this person.
    /// `.await` the request; the purpose is treatment unless [`GrantRequest::purpose`] says
    /// otherwise.
    pub fn grant(
        &self,
        record: impl Into<RecordRef>,
        grantee: impl Into<PersonId>,
        window: Window,
    ) -> GrantRequest {
        GrantRequest::new(self.actor.clone(), record.into(), grantee.into(), window)
    }

    /// Withdraws a grant. From the block that holds the withdrawal on no ticket is issued, and no
    /// holder that has applied it gives a share, even for tickets issued before.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied), with `revoked` when it was withdrawn before.
    pub async fn revoke(&self, grant: GrantId) -> Result<()> {
        let call = Call::RevokeGrant { grant };
        observed("revoke", self.actor.call(&call)).await.map(drop)
    }

    /// A signed introduction of this person to other organisations; `.await` it. The text of the
    /// card is sent, and read by [`Consortium::import`](crate::Consortium::import).
    pub fn contact_card(&self) -> CardRequest {
        CardRequest::new(self.actor.clone(), self.id)
    }

    fn lookup(&self) -> Lookup {
        Lookup::new(self.actor.context(), self.actor.home())
    }

    /// The grants that this person gave, those included whose call timed out or was interrupted
    /// and took effect.
    ///
    /// # Errors
    /// Why the state could not be read.
    pub async fn grants_given(&self) -> Result<Listing<GrantInfo>> {
        self.lookup().grants_given_by(&self.id).await
    }

    /// The grants that this person can open records by. Any patient can lengthen this list.
    ///
    /// # Errors
    /// Why the state could not be read.
    pub async fn grants_received(&self) -> Result<Listing<GrantInfo>> {
        self.lookup().grants_received_by(&self.id).await
    }

    /// The records about this person, each in its latest version. Any organisation can lengthen
    /// this list.
    ///
    /// # Errors
    /// Why the state could not be read.
    pub async fn records(&self) -> Result<Listing<RecordInfo>> {
        self.lookup().records_about(&self.id).await
    }

    /// Opens the record of a grant: asks for a ticket, gathers release shares, decrypts. `.await`
    /// it for the content in memory, or stream it with [`Open::write_to`].
    pub fn open(&self, grant: GrantId) -> Open {
        Open::new(self.actor.clone(), self.keyring.clone(), grant)
    }

    /// Opens a record about this person: gives the person a grant of one use, and opens the record
    /// under it. `.await` it, or stream it with [`OpenOwn::write_to`].
    ///
    /// Costs one transaction more than [`Self::open`] and a key from the attribute authority. The
    /// chain shows the grant and the ticket, as of any reader.
    ///
    /// # Errors
    /// [`Error::WithheldFromSubject`](crate::Error::WithheldFromSubject) where
    /// [the sealer chose that](crate::Seal::withheld_from_subject),
    /// [`Error::Denied`](crate::Error::Denied) with `not_authorised` for a record about another
    /// person, and those of [`Self::open`].
    pub fn open_own(&self, record: impl Into<RecordRef>) -> OpenOwn {
        OpenOwn::new(self.actor.clone(), self.keyring.clone(), record.into())
    }

    /// The description of a record, by attributes alone, or by being its subject: no ticket, and no
    /// use of a grant.
    ///
    /// # Errors
    /// [`Error::PolicyUnsatisfied`](crate::Error::PolicyUnsatisfied) or, for its subject,
    /// [`Error::WithheldFromSubject`](crate::Error::WithheldFromSubject);
    /// [`Error::ObjectUnavailable`](crate::Error::ObjectUnavailable), or why the chain refused.
    pub async fn describe(&self, record: impl Into<RecordRef>) -> Result<Descriptor> {
        let record = record.into();
        observed("describe", describe(&self.actor, &self.keyring, record)).await
    }
}

impl From<&Person> for PersonId {
    fn from(person: &Person) -> Self {
        person.id
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({}, {:?})", self.name(), self.id)
    }
}
