//! The state that all work in one consortium shares.

use std::collections::BTreeMap;
use std::sync::Arc;

use medshare_abe::PublicParameters;
use medshare_contract::keys;
use medshare_host::ComputePool;
use medshare_types::keystore::{KeyStore, Signer};
use medshare_types::{AccessClass, Denial, GateKey, Genesis, OrganisationId, ReplicaId};
use tokio::sync::OnceCell;

use crate::chain::Chain;
use crate::client::ConsortiumClient;
use crate::deadlines::Deadlines;
use crate::error::{Error, Result};
use crate::issuer::AttributeIssuer;
use crate::read::session::Sessions;
use crate::store::backend::{Store, StoreLocation, Stores};
use crate::store::placement::Placement;
use crate::warnings::KnownPeople;

/// Everything that an application needs to join a consortium.
pub struct ConsortiumParts {
    /// The trust anchor, from a source that the application trusts.
    pub genesis: Genesis,
    /// Carries requests to the members, and is not trusted.
    pub client: Arc<dyn ConsortiumClient>,
    /// The organisations' stores that the application can reach, by the organisations' names.
    pub stores: BTreeMap<String, StoreLocation>,
    /// Issues the attribute keys of this consortium's authority.
    pub issuer: Arc<dyn AttributeIssuer>,
    /// Keeps people's signing and attribute keys.
    pub people: Arc<dyn KeyStore>,
    /// The signers of the organisations that the application acts for, by name.
    pub organisations: BTreeMap<String, Arc<dyn Signer>>,
}

impl std::fmt::Debug for ConsortiumParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsortiumParts")
            .field("chain", &self.genesis.chain_id())
            .field("stores", &self.stores)
            .field("organisations", &self.organisations.keys())
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) chain: Chain,
    pub(crate) parameters: Arc<PublicParameters>,
    pub(crate) stores: Stores,
    pub(crate) issuer: Arc<dyn AttributeIssuer>,
    pub(crate) people: Arc<dyn KeyStore>,
    pub(crate) signers: BTreeMap<String, Arc<dyn Signer>>,
    pub(crate) known_people: Arc<KnownPeople>,
    /// For all that takes a pairing or more.
    pub(crate) computing: ComputePool,
    pub(crate) sessions: Arc<Sessions>,
    gate_key: OnceCell<Arc<GateKey>>,
}

impl Context {
    pub(crate) fn new(parts: ConsortiumParts) -> Result<Self> {
        let ConsortiumParts {
            genesis,
            client,
            stores: locations,
            issuer,
            people,
            organisations: signers,
        } = parts;
        let parameters = PublicParameters::from_bytes(&genesis.authority.parameters)
            .map_err(Error::invalid_genesis)?;
        let mut stores = Stores::new();
        for (name, location) in locations {
            let Some((_, member)) = genesis.member_named(&name) else {
                return Err(Error::UnknownOrganisation { name });
            };
            stores.insert(member.organisation(), Store::open(location)?);
        }
        Ok(Self {
            chain: Chain::new(genesis, client)?,
            parameters: Arc::new(parameters),
            stores,
            issuer,
            people,
            signers,
            known_people: Arc::default(),
            computing: ComputePool::default(),
            sessions: Arc::default(),
            gate_key: OnceCell::new(),
        })
    }

    pub(crate) fn with_deadlines(&self, deadlines: Deadlines) -> Self {
        Self {
            chain: self.chain.with_deadlines(deadlines),
            ..self.clone()
        }
    }

    /// The inverse of [`Self::new`].
    pub(crate) fn parts(&self) -> ConsortiumParts {
        let stores = self.stores.iter();
        ConsortiumParts {
            genesis: self.chain.genesis().clone(),
            client: self.chain.client(),
            stores: stores
                .map(|(id, store)| (self.name_of(id), store.location().clone()))
                .collect(),
            issuer: Arc::clone(&self.issuer),
            people: Arc::clone(&self.people),
            organisations: self.signers.clone(),
        }
    }

    /// The gate key, by proof. Read once: it does not change while a consortium has one ceremony.
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

    /// The stores for a new record of the organisation in this seat.
    pub(crate) fn placement(&self, owner: ReplicaId) -> Placement {
        let members = self.chain.genesis().members.iter();
        let organisations: Vec<_> = members.map(|member| member.organisation()).collect();
        Placement::near(owner, &organisations, &self.stores)
    }

    /// The name of an organisation; its identifier if the genesis does not name it.
    pub(crate) fn name_of(&self, id: &OrganisationId) -> String {
        let members = &self.chain.genesis().members;
        let member = members.iter().find(|member| member.organisation() == *id);
        member.map_or_else(|| id.to_string(), |member| member.name.clone())
    }
}
