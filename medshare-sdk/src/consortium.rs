//! A consortium, as an application knows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use medshare_abe::PublicParameters;
use medshare_contract::keys;
use medshare_types::keystore::KeyStore;
use medshare_types::{AccessClass, Denial, GateKey, Genesis, OrganisationId, ReplicaId, Signer};
use tokio::sync::OnceCell;

use crate::chain::Chain;
use crate::client::ConsortiumClient;
use crate::error::{Error, Result};
use crate::issuer::AttributeIssuer;
use crate::organisation::Organisation;
use crate::receipt::TrustAnchor;
use crate::store::objects::{Store, StoreLocation, Stores};

/// How many organisations' stores hold a record's ciphertext (r).
pub(crate) const PLACEMENT: usize = 2;

/// What an application brings to talk to a consortium.
pub struct ConsortiumParts {
    /// The trust anchor.
    pub genesis: Genesis,
    /// How members are reached.
    pub client: Arc<dyn ConsortiumClient>,
    /// The organisations' stores that the application can reach, by the organisations' names.
    pub stores: BTreeMap<String, StoreLocation>,
    /// Who issues attribute keys.
    pub issuer: Arc<dyn AttributeIssuer>,
    /// Where people's keys are kept.
    pub people: Arc<dyn KeyStore>,
    /// The organisations that the application acts for, by name.
    pub organisations: BTreeMap<String, Arc<dyn Signer>>,
}

/// A consortium. Cheap to clone; several live side by side in one process.
#[derive(Clone)]
pub struct Consortium {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) chain: Chain,
    pub(crate) parameters: Arc<PublicParameters>,
    pub(crate) stores: Stores,
    pub(crate) issuer: Arc<dyn AttributeIssuer>,
    pub(crate) people: Arc<dyn KeyStore>,
    organisations: BTreeMap<String, Arc<dyn Signer>>,
    gate_key: OnceCell<Arc<GateKey>>,
    #[cfg(feature = "in-process")]
    pub(crate) members: Option<crate::local::Members>,
}

impl Consortium {
    /// Joins a consortium. Reads nothing yet: every answer is verified when it comes.
    ///
    /// # Errors
    /// [`Error`] when the genesis is not one, a store cannot be opened, or a name is unknown.
    pub fn connect(parts: ConsortiumParts) -> Result<Self> {
        let inner = Inner::new(parts)?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// What this consortium was joined with. Wrap the client, say, to log or to limit requests, and
    /// join again: the SDK believes no client.
    #[must_use]
    pub fn parts(&self) -> ConsortiumParts {
        let inner = &self.inner;
        let stores = inner.stores.iter();
        ConsortiumParts {
            genesis: inner.chain.genesis().clone(),
            client: inner.chain.client(),
            stores: stores
                .map(|(id, store)| (inner.name_of(id), store.location().clone()))
                .collect(),
            issuer: Arc::clone(&inner.issuer),
            people: Arc::clone(&inner.people),
            organisations: inner.organisations.clone(),
        }
    }

    /// What receipts are verified against, offline.
    #[must_use]
    pub fn trust_anchor(&self) -> TrustAnchor {
        TrustAnchor::new(self.inner.chain.genesis().clone())
    }

    /// The organisation of that name, which the application acts for.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`].
    pub fn organisation(&self, name: &str) -> Result<Organisation> {
        let unknown = || Error::UnknownOrganisation {
            name: name.to_owned(),
        };
        let (seat, member) = self
            .inner
            .chain
            .genesis()
            .member_named(name)
            .ok_or_else(unknown)?;
        let signer = self.inner.organisations.get(name).ok_or_else(unknown)?;
        let id = member.organisation();
        Ok(Organisation::new(
            self.clone(),
            name.to_owned(),
            id,
            seat,
            Arc::clone(signer),
        ))
    }

    /// The names of the member organisations, in the order of their seats.
    pub fn organisation_names(&self) -> impl Iterator<Item = &str> {
        self.inner
            .chain
            .genesis()
            .members
            .iter()
            .map(|member| member.name.as_str())
    }
}

impl Inner {
    pub(crate) fn new(parts: ConsortiumParts) -> Result<Self> {
        let ConsortiumParts {
            genesis,
            client,
            stores,
            issuer,
            people,
            organisations,
        } = parts;
        let parameters =
            PublicParameters::from_bytes(&genesis.authority.parameters).map_err(|error| {
                Error::InvalidAnswer {
                    reason: error.to_string(),
                }
            })?;
        let mut opened = Stores::new();
        for (name, location) in stores {
            let member = genesis.member_named(&name);
            let (_, member) = member.ok_or(Error::UnknownOrganisation { name })?;
            opened.insert(member.organisation(), Store::open(location)?);
        }
        Ok(Self {
            chain: Chain::new(genesis, client)?,
            parameters: Arc::new(parameters),
            stores: opened,
            issuer,
            people,
            organisations,
            gate_key: OnceCell::new(),
            #[cfg(feature = "in-process")]
            members: None,
        })
    }

    /// The gate key, by proof. It does not change while a consortium has one ceremony.
    pub(crate) async fn gate_key(&self, home: ReplicaId) -> Result<Arc<GateKey>> {
        let read = || async {
            let key = keys::gate_key(AccessClass::Normal);
            let found: Option<GateKey> = self.chain.read(home, key).await?;
            found
                .map(Arc::new)
                .ok_or(Error::Denied(Denial::GateKeyNotReady))
        };
        self.gate_key.get_or_try_init(read).await.cloned()
    }

    /// The stores that a new record of `owner` goes to: its own, then its neighbours'.
    pub(crate) fn placement(&self, owner: &OrganisationId) -> Vec<OrganisationId> {
        let members = &self.chain.genesis().members;
        let own = members
            .iter()
            .position(|m| m.organisation() == *owner)
            .unwrap_or(0);
        let order = members.iter().cycle().skip(own).take(members.len());
        order
            .map(medshare_types::genesis::GenesisMember::organisation)
            .filter(|id| self.stores.contains_key(id))
            .take(PLACEMENT)
            .collect()
    }

    /// The name of an organisation, as people write it.
    pub(crate) fn name_of(&self, id: &OrganisationId) -> String {
        let members = &self.chain.genesis().members;
        let member = members.iter().find(|member| member.organisation() == *id);
        member.map_or_else(|| id.to_string(), |member| member.name.clone())
    }
}
