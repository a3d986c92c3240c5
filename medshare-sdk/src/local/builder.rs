//! Founding a consortium in this process, or opening one again.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use medshare_abe::{MasterSecretKey, PublicParameters};
use medshare_contract::keys;
use medshare_contract::state::CeremonyState;
use medshare_node::secrets::SIGNING_KEY;
use medshare_node::{NodeConfig, NodeHandle, NodeSecrets, transport};
use medshare_types::genesis::{ChainParameters, GenesisAuthority, GenesisMember};
use medshare_types::keystore::KeyStore;
use medshare_types::{
    AccessClass, Denial, Genesis, PersonId, RandomSource as _, ReplicaId, Signer, SigningKey,
    Wire as _,
};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::{InProcessClient, Members, folder};
use crate::chain::Chain;
use crate::consortium::{Consortium, ConsortiumParts, Inner};
use crate::error::{Error, Result};
use crate::issuer::{AttributeAuthority, DEFAULT_KEY_LIFETIME_DAYS, Refusal};
use crate::keystore::{PassphraseCost, PassphraseKeyStore};
use crate::store::objects::StoreLocation;
use medshare_host::clock;
use medshare_host::files::{self, Readers};
use medshare_host::os_random;

/// The names of the first members, where none are given.
const NAMES: [&str; 4] = ["st-mary", "charite", "north-general", "riverside"];
const MASTER_KEY: &str = "authority/master-key";
/// How long to wait for a process that has the folder.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// How long the members may take to make the gate key.
const CEREMONY_TIMEOUT: Duration = Duration::from_secs(60);

/// A consortium about to be started in this process.
///
/// ```no_run
/// # async fn run() -> medshare_sdk::Result<()> {
/// use medshare_sdk::local::InProcess;
///
/// let consortium =
///     InProcess::new(4).with_folder("consortium").with_passphrase("open sesame").start().await?;
/// # consortium.shut_down().await
/// # }
/// ```
#[must_use = "nothing starts until start() is awaited"]
pub struct InProcess {
    names: Vec<String>,
    folder: Option<PathBuf>,
    passphrase: String,
    cost: PassphraseCost,
    parameters: ChainParameters,
    key_lifetime_days: u16,
    refuses: Refusal,
}

impl InProcess {
    /// `organisations` members, at least 4.
    pub fn new(organisations: usize) -> Self {
        let name = |index: usize| match NAMES.get(index) {
            Some(name) => (*name).to_owned(),
            None => format!("organisation-{}", index + 1),
        };
        Self {
            names: (0..organisations).map(name).collect(),
            folder: None,
            passphrase: String::new(),
            cost: PassphraseCost::default(),
            parameters: ChainParameters::default(),
            key_lifetime_days: DEFAULT_KEY_LIFETIME_DAYS,
            refuses: Arc::new(|_| false),
        }
    }

    /// Keeps everything in `folder` and opens what is there already. Without it a temporary folder
    /// is used, which is removed when the consortium is dropped.
    pub fn with_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The passphrase of every key store in the folder.
    pub fn with_passphrase(mut self, passphrase: impl Into<String>) -> Self {
        self.passphrase = passphrase.into();
        self
    }

    /// What trying a passphrase costs, for stores that are made now.
    pub const fn with_passphrase_cost(mut self, cost: PassphraseCost) -> Self {
        self.cost = cost;
        self
    }

    /// Other numbers for the rules, for a consortium that is founded now.
    pub const fn with_parameters(mut self, parameters: ChainParameters) -> Self {
        self.parameters = parameters;
        self
    }

    /// See [`AttributeAuthority::with_key_lifetime`].
    pub const fn with_key_lifetime(mut self, days: u16) -> Self {
        self.key_lifetime_days = days;
        self
    }

    /// See [`AttributeAuthority::with_refusal`].
    pub fn with_refusal(
        mut self,
        refuses: impl Fn(&PersonId) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.refuses = Arc::new(refuses);
        self
    }

    /// Founds the consortium or opens it again, starts its members on the current tokio runtime,
    /// and waits until the gate key is there.
    ///
    /// # Errors
    /// [`Error::Member`] for a member that does not start, [`Error::KeyStore`] for another
    /// passphrase, [`Error::Denied`] when the key ceremony was stopped by a bad deal,
    /// [`Error::FolderInUse`], [`Error::MissingTrustAnchor`], [`Error::MissingPassphrase`].
    pub async fn start(self) -> Result<Consortium> {
        let (root, temporary) = match &self.folder {
            Some(_) if self.passphrase.is_empty() => return Err(Error::MissingPassphrase),
            Some(folder) => (folder.clone(), None),
            None => {
                let temporary = tempfile::tempdir()?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        files::create_private_folder(&root)?;
        let lock = lock(&root).await?;
        let anchor = folder::trust_anchor(&root);
        let genesis = match tokio::fs::read(&anchor).await {
            Ok(bytes) => Genesis::from_wire(&bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.found(&root).await?,
            Err(error) => return Err(error.into()),
        };
        self.run(genesis, root, temporary, lock).await
    }

    /// Draws every key and writes the trust anchor last: a folder without it holds nothing yet.
    async fn found(&self, root: &Path) -> Result<Genesis> {
        if folder::holds_ledgers(root)? {
            let folder = root.to_owned();
            return Err(Error::MissingTrustAnchor { folder });
        }
        let mut members = Vec::new();
        for name in &self.names {
            let secrets = NodeSecrets::random(&mut os_random());
            let keys = self.key_store(folder::member_keys(root, name)).await?;
            let stored = secrets.store(&keys).await;
            stored.map_err(|error| member_error(name, error))?;
            members.push(GenesisMember {
                name: name.clone(),
                key: secrets.verifying_key(),
                holder_key: secrets.holder_public(),
            });
        }
        let (parameters, master) = MasterSecretKey::setup(&mut os_random());
        let keys = self.key_store(folder::authority_keys(root)).await?;
        keys.store(MASTER_KEY, &master.to_bytes()).await?;
        let genesis = Genesis {
            salt: os_random().array(),
            created: clock::now(),
            members,
            authority: GenesisAuthority {
                parameters: parameters.to_bytes(),
            },
            parameters: self.parameters,
        };
        genesis.committee()?;
        let (path, bytes) = (folder::trust_anchor(root), genesis.to_wire());
        files::write(&path, &bytes, Readers::All)?;
        Ok(genesis)
    }

    async fn run(
        self,
        genesis: Genesis,
        root: PathBuf,
        temporary: Option<tempfile::TempDir>,
        lock: File,
    ) -> Result<Consortium> {
        let names: Vec<_> = genesis
            .members
            .iter()
            .map(|member| member.name.clone())
            .collect();
        let (mut organisations, mut stores) = (BTreeMap::new(), BTreeMap::new());
        let mut keys = Vec::new();
        for name in &names {
            let store = Arc::new(self.key_store(folder::member_keys(&root, name)).await?);
            let signer: Arc<dyn Signer> = Arc::new(signing_key(&*store).await?);
            organisations.insert(name.clone(), signer);
            let objects = folder::member_objects(&root, name);
            stores.insert(name.clone(), StoreLocation::Folder(objects));
            keys.push(store);
        }
        let (parameters, master) = self.authority(&genesis, &root).await?;
        let people = Arc::new(self.key_store(folder::people_keys(&root)).await?);
        let handles = start_members(&genesis, &root, &names, keys).await?;
        let clients = handles.iter().map(NodeHandle::client).collect();
        let client = Arc::new(InProcessClient(clients));
        let chain = Chain::new(genesis.clone(), client.clone())?;
        let issuer = AttributeAuthority::new(Arc::new(parameters), master, chain)
            .with_key_lifetime(self.key_lifetime_days)
            .refusing(self.refuses);
        let issuer = Arc::new(issuer);
        let mut inner = Inner::new(ConsortiumParts {
            genesis,
            client,
            stores,
            issuer,
            people,
            organisations,
        })?;
        inner.members = Some(Members {
            drills: handles.iter().map(NodeHandle::drill).collect(),
            verified: handles.iter().map(NodeHandle::verified).collect(),
            names,
            handles: Mutex::new(handles),
            folder: root,
            _temporary: temporary,
            lock: Mutex::new(Some(lock)),
        });
        let ready = wait_for_gate_key(&inner).await;
        let inner = Arc::new(inner);
        let consortium = Consortium { inner };
        if let Err(error) = ready {
            // What kept the key from being made is what to tell.
            let _ = consortium.shut_down().await;
            return Err(error);
        }
        Ok(consortium)
    }

    async fn authority(
        &self,
        genesis: &Genesis,
        root: &Path,
    ) -> Result<(PublicParameters, MasterSecretKey)> {
        let keys = self.key_store(folder::authority_keys(root)).await?;
        let bytes = keys.load(MASTER_KEY).await?.ok_or(Error::Undecipherable)?;
        let master = MasterSecretKey::from_bytes(&bytes).map_err(|_| Error::Undecipherable)?;
        let parameters = PublicParameters::from_bytes(&genesis.authority.parameters)
            .map_err(|_| Error::Undecipherable)?;
        Ok((parameters, master))
    }

    async fn key_store(&self, folder: PathBuf) -> Result<PassphraseKeyStore> {
        Ok(PassphraseKeyStore::open(folder, &self.passphrase, self.cost).await?)
    }
}

/// Starts every member, or none: where one does not start, the others have closed their files again
/// when this returns.
async fn start_members(
    genesis: &Genesis,
    root: &Path,
    names: &[String],
    keys: Vec<Arc<PassphraseKeyStore>>,
) -> Result<Vec<NodeHandle>> {
    let seats = genesis.committee()?.seats();
    let links = transport::in_process(seats).into_iter();
    let mut handles = Vec::new();
    for ((seat, link), (name, keys)) in (0..seats).zip(links).zip(names.iter().zip(keys)) {
        let config = NodeConfig {
            genesis: genesis.clone(),
            replica: ReplicaId(seat),
            folder: folder::member(root, name),
            keys,
        };
        match NodeHandle::start(config, link).await {
            Ok(handle) => handles.push(handle),
            Err(error) => {
                for handle in handles {
                    // The first failure is the one to tell.
                    let _ = NodeHandle::shut_down(handle).await;
                }
                return Err(member_error(name, error));
            }
        }
    }
    Ok(handles)
}

/// Claims the folder for this process, for as long as the file is open. A process that is just
/// ending gets a moment to let go of it.
async fn lock(root: &Path) -> Result<File> {
    let file = File::create(folder::lock(root))?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                sleep(Duration::from_millis(20)).await;
            }
            Err(TryLockError::WouldBlock) => {
                let folder = root.to_owned();
                return Err(Error::FolderInUse { folder });
            }
            Err(TryLockError::Error(source)) => return Err(source.into()),
        }
    }
}

async fn signing_key(keys: &dyn KeyStore) -> Result<SigningKey> {
    let seed = keys.load(SIGNING_KEY).await?.ok_or(Error::Undecipherable)?;
    let seed: &[u8; 32] = seed
        .as_slice()
        .try_into()
        .map_err(|_| Error::Undecipherable)?;
    Ok(SigningKey::from_seed(seed))
}

/// Waits for the ceremony; says who stopped it, if somebody did.
async fn wait_for_gate_key(inner: &Inner) -> Result<()> {
    let deadline = Instant::now() + CEREMONY_TIMEOUT;
    let home = ReplicaId(0);
    loop {
        match inner.gate_key(home).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => {}
        }
        let key = keys::ceremony(AccessClass::Normal);
        let ceremony: Result<Option<CeremonyState>> = inner.chain.read(home, key).await;
        if let Ok(Some(CeremonyState {
            stopped: Some(complaint),
            ..
        })) = ceremony
        {
            return Err(Error::Denied(Denial::CeremonyStopped {
                accuser: complaint.accuser,
                dealer: complaint.dealer,
            }));
        }
        sleep(Duration::from_millis(5)).await;
    }
}

pub(super) fn member_error(organisation: &str, error: medshare_node::NodeError) -> Error {
    Error::Member {
        organisation: organisation.to_owned(),
        source: Box::new(error),
    }
}
