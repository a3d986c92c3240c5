//! The state that all work in one consortium shares.

use std::collections::BTreeMap;
use std::sync::Arc;

use medshare_abe::PublicParameters;
use medshare_contract::keys;
use medshare_host::ComputePool;
use medshare_types::keystore::{KeyStore, Signer};
use medshare_types::{AccessClass, Denial, GateKey, OrganisationId, ReplicaId};
use tokio::sync::OnceCell;

use crate::chain::Chain;
use crate::client::ConsortiumClient;
use crate::deadlines::Deadlines;
use crate::error::{Error, Result};
use crate::issuer::AttributeIssuer;
use crate::read::session::Sessions;
use crate::receipt::TrustAnchor;
use crate::warnings::KnownPeople;
use medshare_host::keystore::Bounded;
use medshare_store::backend::{Owner, Store, Stores};
use medshare_store::location::RecordStore;
use medshare_store::placement::{CopyChoice, Placement};

/// Everything that an application needs to join a consortium.
pub struct ConsortiumParts {
    /// Where every proof ends, from a source that the application trusts. At most
    /// [90 days](TrustAnchor::TRUST_PERIOD) old: keep the newest
    /// [`Consortium::trust_anchor`](crate::Consortium::trust_anchor) for the next start.
    pub anchor: TrustAnchor,
    /// Carries requests to the members, and is not trusted.
    pub client: Arc<dyn ConsortiumClient>,
    /// The organisations' stores that the application can reach, by the organisations' names. Each
    /// was [prepared](crate::Organisation::prepare_store) once.
    pub stores: BTreeMap<String, RecordStore>,
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
            .field("chain", &self.anchor.chain())
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
    people: Arc<dyn KeyStore>,
    signers: BTreeMap<String, Arc<dyn Signer>>,
    pub(crate) known_people: Arc<KnownPeople>,
    /// For all that takes a pairing or more.
    pub(crate) computing: ComputePool,
    pub(crate) sessions: Arc<Sessions>,
    gate_key: OnceCell<Arc<GateKey>>,
}

impl Context {
    pub(crate) fn new(parts: ConsortiumParts) -> Result<Self> {
        let chain = Chain::new(parts.anchor.clone(), Arc::clone(&parts.client))?;
        Self::on(chain, parts)
    }

    /// As [`Self::new`], on a chain with the anchor and client of the parts.
    pub(crate) fn on(chain: Chain, parts: ConsortiumParts) -> Result<Self> {
        let ConsortiumParts {
            anchor,
            client: _,
            stores: given,
            issuer,
            people,
            organisations: signers,
        } = parts;
        let genesis = anchor.genesis();
        let parameters = PublicParameters::from_bytes(&genesis.authority.parameters)
            .map_err(Error::invalid_genesis)?;
        let deadlines = Deadlines::default();
        let mut stores = Stores::new();
        for (name, given) in given {
            let Some((_, member)) = genesis.member_named(&name) else {
                return Err(Error::no_member(name, genesis));
            };
            let id = member.organisation();
            let owner = Owner {
                id,
                name,
                chain: *chain.id(),
            };
            stores.insert(id, Store::new(owner, given, deadlines.store));
        }
        Ok(Self {
            chain,
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
            stores: self
                .stores
                .iter()
                .map(|(id, store)| (*id, store.with_deadline(deadlines.store)))
                .collect(),
            ..self.clone()
        }
    }

    /// People's key store, with a deadline for each answer.
    pub(crate) fn people(&self) -> Arc<dyn KeyStore> {
        let inner = Arc::clone(&self.people);
        Arc::new(Bounded::new(inner, self.chain.deadlines().secrets))
    }

    /// The signer of an organisation that the application acts for, with a deadline for each answer.
    pub(crate) fn signer(&self, organisation: &str) -> Option<Arc<dyn Signer>> {
        let inner = Arc::clone(self.signers.get(organisation)?);
        Some(Arc::new(Bounded::new(
            inner,
            self.chain.deadlines().secrets,
        )))
    }

    /// The names of the organisations that the application acts for.
    pub(crate) fn own_organisations(&self) -> impl Iterator<Item = &str> {
        self.signers.keys().map(String::as_str)
    }

    /// The inverse of [`Self::new`], with the trust anchor of now.
    pub(crate) fn parts(&self) -> ConsortiumParts {
        let stores = self.stores.values();
        ConsortiumParts {
            anchor: self.chain.trust_anchor(),
            client: self.chain.client(),
            stores: stores
                .map(|store| (store.owner().name.clone(), store.given().clone()))
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
    pub(crate) fn placement(&self, owner: ReplicaId, choice: CopyChoice) -> Result<Placement> {
        let members = self.chain.genesis().members.iter();
        let organisations: Vec<_> = members.map(|member| member.organisation()).collect();
        Ok(Placement::near(
            owner,
            &organisations,
            &self.stores,
            choice,
        )?)
    }

    /// The name of an organisation; its identifier if the genesis does not name it.
    pub(crate) fn name_of(&self, id: &OrganisationId) -> String {
        let members = &self.chain.genesis().members;
        let member = members.iter().find(|member| member.organisation() == *id);
        member.map_or_else(|| id.to_string(), |member| member.name.clone())
    }
}
