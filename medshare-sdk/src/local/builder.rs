//! Founding a consortium in this process, or opening one again.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use medshare_abe::MasterSecretKey;
use medshare_host::files::{self, Readers};
use medshare_host::keystore::{PassphraseCost, PassphraseKeyStore};
use medshare_host::{clock, os_random};
use medshare_node::{DEFAULT_DISK_FLOOR, NodeSecrets};
use medshare_types::genesis::{ChainParameters, GenesisAuthority, GenesisMember};
use medshare_types::keystore::load_or_create;
use medshare_types::{Genesis, PersonId, RandomSource as _, ReplicaId, Wire as _};
use tokio::time::{Instant, sleep};

use crate::chain::Chain;
use crate::consortium::Consortium;
use crate::context::{ConsortiumParts, Context};
use crate::error::{Error, Result};
use crate::issuer::{AttributeAuthority, DEFAULT_KEY_LIFETIME_DAYS, RefusalRule, check_master_key};
use crate::local::ceremony::wait_for_gate_key;
use crate::local::consortium::LocalConsortium;
use crate::local::folder;
use crate::local::members::{LocalClient, Members};
use crate::local::names::{check_founded, check_names, default_names};
use crate::local::start::{self, FolderLock, Prepared, load, member_error};
use crate::local::stores::MemberStores;
use crate::receipt::TrustAnchor;
use medshare_store::location::RecordStore;

const MASTER_KEY: &str = "authority/master-key";
/// Time for another process to close the folder.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// A consortium about to be started in this process.
///
/// ```no_run
/// # async fn run() -> medshare_sdk::Result<()> {
/// use medshare_sdk::local::LocalBuilder;
///
/// let consortium =
///     LocalBuilder::new(4).with_folder("consortium").with_passphrase("open sesame").start().await?;
/// # consortium.shut_down().await
/// # }
/// ```
#[must_use = "nothing starts until start() is awaited"]
pub struct LocalBuilder {
    names: Vec<String>,
    folder: Option<PathBuf>,
    passphrase: String,
    cost: PassphraseCost,
    parameters: ChainParameters,
    key_lifetime_days: NonZeroU16,
    refuses: RefusalRule,
    rebuild: bool,
    restored: bool,
    stores: MemberStores,
    disk_floor: u64,
}

impl LocalBuilder {
    /// A consortium of `organisations` members, 4 to [`MAX_LOCAL_MEMBERS`](super::MAX_LOCAL_MEMBERS),
    /// with names of the library's choice: see [`Self::with_members`].
    ///
    /// All of them work in this process, so founding takes time that grows with the cube of their
    /// number: with optimised dependencies 1 s of one processor for 7 members, 2 s for 16, 10 s for 31
    /// and 70 s for 64; opening again does not.
    pub fn new(organisations: usize) -> Self {
        Self {
            names: default_names(organisations),
            folder: None,
            passphrase: String::new(),
            cost: PassphraseCost::default(),
            parameters: ChainParameters::default(),
            key_lifetime_days: DEFAULT_KEY_LIFETIME_DAYS,
            refuses: Arc::new(|_| false),
            rebuild: false,
            restored: false,
            stores: MemberStores::default(),
            disk_floor: DEFAULT_DISK_FLOOR,
        }
    }

    /// Members of these names, in the order of their seats, in place of a number of them. A name has 1
    /// to 64 characters of `a`–`z`, `0`–`9`, `-`, `_` and `.`, one of them a letter or digit, and no two
    /// members share one.
    ///
    /// ```
    /// # use medshare_sdk::local::LocalBuilder;
    /// # async fn run() -> medshare_sdk::Result<()> {
    /// let hospitals = ["westside", "dr-lee.clinic", "county-lab", "st-mary"];
    /// let consortium = LocalBuilder::with_members(hospitals).start().await?;
    /// let county_lab = consortium.organisation("county-lab")?;
    /// # consortium.shut_down().await
    /// # }
    /// ```
    pub fn with_members<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self {
            names: names.into_iter().map(Into::into).collect(),
            ..Self::new(0)
        }
    }

    /// Keeps everything in `folder`, but what [`Self::with_store`] takes and the key stores of
    /// [applications](LocalConsortium::application), and opens what is there already. An empty path is
    /// refused. Without a folder a temporary one is used, which is removed when the consortium is
    /// dropped.
    pub fn with_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The passphrase of all key stores in the folder.
    pub fn with_passphrase(mut self, passphrase: impl Into<String>) -> Self {
        self.passphrase = passphrase.into();
        self
    }

    /// The cost of trying a passphrase, for key stores that are created now.
    pub const fn with_passphrase_cost(mut self, cost: PassphraseCost) -> Self {
        self.cost = cost;
        self
    }

    /// The chain's parameters, for a consortium that is founded now.
    pub const fn with_parameters(mut self, parameters: ChainParameters) -> Self {
        self.parameters = parameters;
        self
    }

    /// The lifetime of attribute keys, as in [`AttributeAuthority::with_key_lifetime`].
    pub const fn with_key_lifetime(mut self, days: NonZeroU16) -> Self {
        self.key_lifetime_days = days;
        self
    }

    /// Bytes that must be free on the disk for a member to take new transactions; 16 MiB by default.
    /// With less it goes on voting, so that what was taken before is ordered.
    pub const fn with_disk_floor(mut self, bytes: u64) -> Self {
        self.disk_floor = bytes;
        self
    }

    /// Refuses keys to people, as in [`AttributeAuthority::with_refusal`].
    pub fn with_refusal(
        mut self,
        refuses: impl Fn(&PersonId) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.refuses = Arc::new(refuses);
        self
    }

    /// Rebuilds damaged members at the start, as [`LocalConsortium::rebuild`] does. Without it they are
    /// left as they are, and the others start.
    pub const fn with_rebuild(mut self) -> Self {
        self.rebuild = true;
        self
    }

    /// Says that the whole folder was restored, or copied to another disk, from one copy that was
    /// made while the consortium was stopped, and that the original has not run since. Say it for
    /// one start, then no more; where that start fails or dies half-way, say it again. It then covers
    /// the files that were there at first, and no log that was put there since.
    ///
    /// Without it every member with a copied log counts as one that forgot its votes, and more than
    /// f of them do not start. It has no effect otherwise while a log is the original.
    ///
    /// # Security
    /// Where it is not true, members may vote twice and the chain may fork. Everything after the
    /// backup is gone, revocations among it.
    pub const fn restored_from_backup(mut self) -> Self {
        self.restored = true;
        self
    }

    /// Keeps the objects of a member, by its name, in this store and not in its folder: any store
    /// of the crate [`object_store`](crate::object_store) as a [`RecordStore`], or a folder or mount as
    /// [`StoreLocation::Folder`](crate::StoreLocation::Folder). A consortium that
    /// is founded now marks it; a new store for one that is opened again is to be
    /// [prepared](crate::Organisation::prepare_store).
    pub fn with_store(
        mut self,
        organisation: impl Into<String>,
        store: impl Into<RecordStore>,
    ) -> Self {
        self.stores.give(organisation.into(), store.into());
        self
    }

    /// Founds the consortium or opens it again, starts its members on the current tokio runtime,
    /// and waits until the gate key exists.
    ///
    /// Once the gate key exists, up to f members may be damaged: the others start without them, and
    /// [`LocalConsortium::damaged`] names each with its file and the way back.
    ///
    /// # Panics
    /// Outside a tokio runtime with time and I/O enabled, as `#[tokio::main]` makes it.
    ///
    /// # Errors
    /// [`Error::TooManyDamaged`] for more of them, or for any before the gate key exists,
    /// [`Error::CopiedLogs`] for logs that are copies,
    /// [`Error::Member`] for a member that does not start, [`Error::KeyStore`] for another
    /// passphrase, [`Error::Denied`] when the key ceremony was stopped by a bad deal,
    /// [`Error::FolderInUse`], [`Error::MissingPassphrase`]; [`Error::InvalidSize`],
    /// [`Error::InvalidMemberName`] and [`Error::UnknownOrganisation`] (for a store of a name that is
    /// no member's) before anything is written; [`Error::OtherMembers`] in a folder of others; when
    /// founding, why a store cannot be marked; for state that was lost
    /// [`Error::MissingTrustAnchor`], [`Error::MissingLedgers`], [`Error::MissingKeyStore`],
    /// [`Error::MissingSecret`] and [`Error::ForeignMasterKey`].
    pub async fn start(self) -> Result<LocalConsortium> {
        check_names(&self.names)?;
        let (root, temporary) = match &self.folder {
            Some(folder) => {
                files::check_path(folder)?;
                if self.passphrase.is_empty() {
                    return Err(Error::MissingPassphrase);
                }
                (folder.clone(), None)
            }
            None => {
                let temporary = tempfile::tempdir()
                    .map_err(|source| Error::io(std::env::temp_dir(), source))?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        files::create_private_folder(&root).map_err(|source| Error::io(&root, source))?;
        let lock = Arc::new(lock(&root).await?);
        let anchor = folder::trust_anchor(&root);
        let genesis = match tokio::fs::read(&anchor).await {
            Ok(bytes) => {
                // Restored from an exported one, it may have ends of epochs besides.
                let anchor = TrustAnchor::from_bytes(&bytes).map_err(|source| Error::Damaged {
                    what: "the trust anchor",
                    source: Box::new(source),
                })?;
                let genesis = anchor.genesis().clone();
                check_founded(&self.names, &genesis, &root)?;
                check_key_stores(&root)?;
                let members = genesis.members.iter().map(|member| &member.name);
                self.stores.check(members)?;
                genesis
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.found(&root).await?,
            Err(error) => return Err(Error::io(&anchor, error)),
        };
        self.run(genesis, root, temporary, lock).await
    }

    /// Draws every key that the folder lacks and writes the trust anchor last. A founding that was
    /// interrupted goes on with the keys that it drew: none is replaced.
    async fn found(&self, root: &Path) -> Result<Genesis> {
        let begun = folder::holds_chain(root).map_err(|source| Error::io(root, source))?;
        if begun || self.took_part(root).await? {
            let folder = root.to_owned();
            return Err(Error::MissingTrustAnchor { folder });
        }
        self.stores.check(&self.names)?;
        let mut members = Vec::new();
        for name in &self.names {
            let keys = self.new_key_store(folder::member_keys(root, name)).await?;
            let secrets = NodeSecrets::load_or_create(&keys, &mut os_random())
                .await
                .map_err(|error| member_error(name, error))?;
            members.push(GenesisMember {
                name: name.clone(),
                key: secrets.verifying_key(),
                holder_key: secrets.holder_public(),
            });
        }
        let keys = self.new_key_store(folder::authority_keys(root)).await?;
        let draw = || MasterSecretKey::setup(&mut os_random()).1.to_bytes();
        let parameters = master_key(&load_or_create(&keys, MASTER_KEY, draw).await?)?.parameters();
        self.new_key_store(folder::people_keys(root)).await?;
        let genesis = Genesis {
            salt: os_random().array(),
            created: clock::now(),
            members,
            authority: GenesisAuthority {
                parameters: parameters.to_bytes(),
            },
            parameters: self.parameters,
        };
        genesis.committee().map_err(Error::invalid_genesis)?;
        self.stores.prepare(root, &genesis).await?;
        let anchor = folder::trust_anchor(root);
        let written = files::create(&anchor, &genesis.to_wire(), Readers::All);
        written.map_err(|source| Error::io(&anchor, source))?;
        Ok(genesis)
    }

    /// Whether a member of a founded consortium has its key store here.
    async fn took_part(&self, root: &Path) -> Result<bool> {
        let stores = folder::key_stores(root).map_err(|source| Error::io(root, source))?;
        for folder in stores {
            let keys = self.key_store(folder).await?;
            if start::took_part(&keys).await {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn run(
        self,
        genesis: Genesis,
        root: PathBuf,
        temporary: Option<tempfile::TempDir>,
        lock: FolderLock,
    ) -> Result<LocalConsortium> {
        // The first to open: another passphrase is no damage of a member.
        let master = self.master_key(&root, &genesis).await?;
        let people = Arc::new(self.key_store(folder::people_keys(&root)).await?);
        let mut organisations = BTreeMap::new();
        let mut stores = BTreeMap::new();
        let mut prepared = Vec::new();
        for (seat, member) in (0..).map(ReplicaId).zip(&genesis.members) {
            let name = &member.name;
            let opening = self.key_store(folder::member_keys(&root, name));
            let opened = Prepared::open(&root, name, opening).await;
            organisations.insert(name.clone(), opened.signer(seat, member));
            stores.insert(name.clone(), self.stores.of(&root, name));
            prepared.push(opened);
        }
        start::check_ledgers(&root, &genesis, &prepared).await?;
        start::plan_recovery(&root, &genesis, self.restored, &mut prepared)?;
        let started = Members::start(
            genesis.clone(),
            root.clone(),
            prepared,
            self.disk_floor,
            lock,
            temporary,
        )
        .await;
        start::settle_recovery(&root, &genesis);
        let members = Arc::new(started?);
        let client = Arc::new(LocalClient(Arc::clone(&members)));
        let anchor = TrustAnchor::new(genesis);
        let chain = Chain::new(anchor.clone(), client.clone())?;
        chain.follow_own_members().await;
        let issuer = AttributeAuthority::on(chain.sibling()?, master)?
            .with_key_lifetime(self.key_lifetime_days)
            .refusing(self.refuses);
        let parts = ConsortiumParts {
            anchor,
            client,
            stores,
            issuer: Arc::new(issuer),
            people,
            organisations,
        };
        let context = Arc::new(Context::on(chain, parts)?);
        let ready = async {
            // Before the ceremony, which needs every member.
            if self.rebuild {
                members.rebuild_damaged().await?;
            }
            wait_for_gate_key(&context, &members).await
        };
        if let Err(error) = ready.await {
            if let Err(second) = members.shut_down().await {
                tracing::warn!(error = %second, "a member did not end well either");
            }
            return Err(error);
        }
        Ok(LocalConsortium::new(Consortium::new(context), members))
    }

    async fn master_key(&self, root: &Path, genesis: &Genesis) -> Result<MasterSecretKey> {
        let keys = self.key_store(folder::authority_keys(root)).await?;
        let master = master_key(&load(&keys, MASTER_KEY).await?)?;
        check_master_key(genesis, &master)?;
        Ok(master)
    }

    async fn new_key_store(&self, folder: PathBuf) -> Result<PassphraseKeyStore> {
        Ok(PassphraseKeyStore::open(folder, &self.passphrase, self.cost).await?)
    }

    /// A key store that the founding has made.
    async fn key_store(&self, folder: PathBuf) -> Result<PassphraseKeyStore> {
        Ok(PassphraseKeyStore::open_existing(folder, &self.passphrase).await?)
    }
}

/// Refuses a founded folder without the key store of the authority or of people: an empty one in its
/// place would lose secrets in silence.
fn check_key_stores(root: &Path) -> Result<()> {
    for folder in [folder::authority_keys(root), folder::people_keys(root)] {
        if !folder::holds_key_store(&folder) {
            return Err(Error::MissingKeyStore { folder });
        }
    }
    Ok(())
}

/// Claims the folder for this process, for as long as the file is open. A process that is just
/// ending gets a moment to release it.
async fn lock(root: &Path) -> Result<File> {
    let path = folder::lock(root);
    let file = File::create(&path).map_err(|source| Error::io(&path, source))?;
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
            Err(TryLockError::Error(source)) => return Err(Error::io(&path, source)),
        }
    }
}

fn master_key(bytes: &[u8]) -> Result<MasterSecretKey> {
    MasterSecretKey::from_bytes(bytes).map_err(|source| Error::Damaged {
        what: "the attribute authority's master key",
        source: Box::new(source),
    })
}

impl Consortium {
    /// Starts a consortium of `organisations` members, 4 to
    /// [`MAX_LOCAL_MEMBERS`](crate::local::MAX_LOCAL_MEMBERS), in this process, in a temporary folder.
    /// [`LocalBuilder`] has options: the members' names, a lasting folder, a passphrase.
    ///
    /// # Panics
    /// As [`LocalBuilder::start`], outside a tokio runtime.
    ///
    /// # Errors
    /// As [`LocalBuilder::start`].
    pub async fn in_process(organisations: usize) -> Result<LocalConsortium> {
        LocalBuilder::new(organisations).start().await
    }
}

impl std::fmt::Debug for LocalBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalBuilder")
            .field("names", &self.names)
            .field("folder", &self.folder)
            .field("parameters", &self.parameters)
            .field("key_lifetime_days", &self.key_lifetime_days)
            .finish_non_exhaustive()
    }
}
