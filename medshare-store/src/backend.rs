//! One object store an organisation, none of them trusted with anything.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt as _;
use medshare_host::blocking;
use medshare_host::files::{check_path, is_disk_full};
use medshare_types::{ChainId, OrganisationId, Timestamp};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use crate::error::{Result, Source, StoreError};
use crate::location::{Given, RecordStore};
use crate::objects::{CHUNK_LEN, ObjectName, PayloadName};
use crate::staging::{self, StagingFile};

/// Time for which a store that hung is asked after all others.
const AVOIDED_FOR: Duration = Duration::from_secs(30);

/// Every store that the application was given, by its organisation.
pub type Stores = BTreeMap<OrganisationId, Store>;

/// The newest change of each payload's objects.
pub type Payloads = BTreeMap<PayloadName, Timestamp>;

/// An organisation of one consortium, the owner of a store.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Written into the store's marker.
    pub id: OrganisationId,
    /// Its name in the genesis, for errors.
    pub name: String,
    /// The consortium's chain, written into the store's marker.
    pub chain: ChainId,
}

/// The object store of one organisation. Every request has a deadline.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    deadline: Duration,
}

struct Shared {
    owner: Owner,
    given: RecordStore,
    opened: OnceCell<Arc<dyn ObjectStore>>,
    /// Payloads that this process is sealing or restoring.
    sealing: Mutex<BTreeSet<PayloadName>>,
    avoided_until: Mutex<Option<Instant>>,
}

impl Store {
    /// Opens nothing before the first request.
    pub fn new(owner: Owner, given: RecordStore, deadline: Duration) -> Self {
        let shared = Shared {
            owner,
            given,
            opened: OnceCell::new(),
            sealing: Mutex::default(),
            avoided_until: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
            deadline,
        }
    }

    /// The same store with another deadline for each request.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            deadline,
        }
    }

    /// The store as the caller handed it in.
    #[must_use]
    pub fn given(&self) -> &RecordStore {
        &self.shared.given
    }

    /// The organisation that the store belongs to.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.shared.owner
    }

    /// Returns true if the store lately let a deadline pass.
    pub fn is_avoided(&self) -> bool {
        let until = locked(&self.shared.avoided_until);
        until.is_some_and(|until| until > Instant::now())
    }

    async fn objects(&self) -> Result<&Arc<dyn ObjectStore>> {
        let shared = &self.shared;
        let open = || async {
            match &shared.given.0 {
                Given::Objects(store) => Ok(Arc::clone(store)),
                Given::Location(_) => {
                    let folder = shared.given.folder().cloned().unwrap_or_default();
                    let opening = blocking(move || open_folder(&folder));
                    match self.within(0, async { Ok(opening.await) }).await?? {
                        Ok(store) => Ok(Arc::new(store) as Arc<dyn ObjectStore>),
                        Err(error) if is_absent(&error) => Err(self.missing()),
                        Err(error) => Err(self.failed(error)),
                    }
                }
            }
        };
        shared.opened.get_or_try_init(open).await
    }

    /// Creates the folder of a store that is one.
    pub(crate) async fn create_folder(&self) -> Result<()> {
        let Some(folder) = self.shared.given.folder().cloned() else {
            return Ok(());
        };
        let created = blocking(move || {
            check_path(&folder)?;
            std::fs::create_dir_all(folder)
        });
        let created = self.within(0, async { Ok(created.await) }).await??;
        created.map_err(|error| self.failed(error))
    }

    /// The answer to a request that carries so many bytes.
    async fn within<T>(
        &self,
        bytes: u64,
        answer: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T> {
        let chunks = u32::try_from(bytes / CHUNK_LEN as u64).unwrap_or(u32::MAX);
        let deadline = self.deadline.saturating_mul(chunks.saturating_add(1));
        match timeout(deadline, answer).await {
            Ok(answer) => answer.map_err(|error| self.failed(error)),
            Err(_) => {
                *locked(&self.shared.avoided_until) = Some(Instant::now() + AVOIDED_FOR);
                let text = format!("no answer within {} ms", deadline.as_millis());
                Err(self.failed(io::Error::new(io::ErrorKind::TimedOut, text)))
            }
        }
    }

    /// As [`Self::within`], and nothing where there is no such object.
    async fn found<T>(
        &self,
        bytes: u64,
        answer: impl Future<Output = object_store::Result<T>>,
    ) -> Result<Option<T>> {
        let found = async {
            match answer.await {
                Ok(found) => Ok(Some(found)),
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.within(bytes, found).await
    }

    /// Writes a small object, replacing an earlier one of that name.
    pub async fn put(&self, name: ObjectName, bytes: Bytes) -> Result<()> {
        self.put_at(&name.path(), bytes).await
    }

    pub(crate) async fn put_at(&self, path: &Path, bytes: Bytes) -> Result<()> {
        let objects = self.objects().await?;
        let length = bytes.len() as u64;
        let put = objects.put(path, bytes.into());
        self.within(length, put).await.map(drop)
    }

    /// Begins an object that arrives in chunks; it exists from [`Upload::complete`] on.
    pub(crate) async fn upload(&self, name: ObjectName) -> Result<Upload> {
        self.upload_at(&name.path()).await
    }

    pub(crate) async fn upload_at(&self, path: &Path) -> Result<Upload> {
        let objects = self.objects().await?;
        let chunks = self.within(0, objects.put_multipart(path)).await?;
        Ok(Upload {
            store: self.clone(),
            chunks,
        })
    }

    /// Keeps sweeps of this process away from a payload, for as long as the result exists.
    pub fn begin_sealing(&self, payload: PayloadName) -> SealingGuard {
        locked(&self.shared.sealing).insert(payload);
        SealingGuard {
            store: self.clone(),
            payload,
        }
    }

    /// Returns true while this process seals or restores the payload.
    #[must_use]
    pub fn is_sealing(&self, payload: &PayloadName) -> bool {
        locked(&self.shared.sealing).contains(payload)
    }

    /// Length in bytes, or nothing where there is no such object.
    pub async fn length(&self, name: ObjectName) -> Result<Option<u64>> {
        self.length_at(&name.path()).await
    }

    pub(crate) async fn length_at(&self, path: &Path) -> Result<Option<u64>> {
        let objects = self.objects().await?;
        let meta = self.found(0, objects.head(path)).await?;
        Ok(meta.map(|meta| meta.size))
    }

    /// The bytes of a range. A store may return fewer.
    pub async fn read(&self, name: ObjectName, range: Range<u64>) -> Result<Bytes> {
        let objects = self.objects().await?;
        let length = range.end.saturating_sub(range.start);
        self.within(length, objects.get_range(&name.path(), range))
            .await
    }

    /// As [`Self::read`], and nothing where there is no such object.
    pub async fn read_found(&self, name: ObjectName, range: Range<u64>) -> Result<Option<Bytes>> {
        let length = range.end.saturating_sub(range.start);
        let objects = self.objects().await?;
        self.found(length, objects.get_range(&name.path(), range))
            .await
    }

    /// The first bytes of an object, or nothing where there is none.
    pub(crate) async fn read_at(&self, path: &Path, range: Range<u64>) -> Result<Option<Bytes>> {
        let objects = self.objects().await?;
        self.found(0, objects.get_range(path, range)).await
    }

    /// A whole small object; nothing where it is absent or longer than `limit` bytes.
    pub async fn read_whole(&self, name: ObjectName, limit: u64) -> Result<Option<Bytes>> {
        match self.length(name).await? {
            // The backend refuses empty ranges.
            Some(0) => Ok(Some(Bytes::new())),
            Some(length) if length <= limit => self.read(name, 0..length).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Removes an object; it need not exist.
    pub(crate) async fn delete(&self, name: ObjectName) -> Result<()> {
        self.delete_at(&name.path()).await
    }

    pub(crate) async fn delete_at(&self, path: &Path) -> Result<()> {
        let objects = self.objects().await?;
        self.found(0, objects.delete(path)).await.map(drop)
    }

    /// Calls `see` with every object below a prefix, until it returns false.
    pub(crate) async fn list(
        &self,
        prefix: &str,
        mut see: impl FnMut(ObjectMeta) -> bool,
    ) -> Result<()> {
        let objects = self.objects().await?;
        let mut listing = objects.list(Some(&Path::from(prefix)));
        while let Some(meta) = self.within(0, listing.try_next()).await? {
            if !see(meta) {
                break;
            }
        }
        Ok(())
    }

    /// The payloads that have objects here, with the newest change of each.
    pub async fn payloads(&self) -> Result<Payloads> {
        let mut found = Payloads::new();
        let see = |meta: ObjectMeta| {
            if let Some(payload) = PayloadName::of_path(meta.location.as_ref()) {
                let changed = changed(&meta);
                let newest = found.entry(payload).or_insert(changed);
                *newest = changed.max(*newest);
            }
            true
        };
        self.list(PayloadName::ROOT, see).await?;
        Ok(found)
    }

    /// The files of uploads that are running or were killed.
    pub async fn staging_files(&self) -> Result<Vec<StagingFile>> {
        let Some(folder) = self.shared.given.folder().cloned() else {
            return Ok(Vec::new());
        };
        let files = blocking(move || staging::staging_files(&folder));
        let files = self.within(0, async { Ok(files.await) }).await??;
        files.map_err(|error| self.failed(error))
    }

    /// Removes files that [`Self::staging_files`] has found.
    pub async fn remove_staging(&self, files: Vec<PathBuf>) -> Result<()> {
        let removed = blocking(move || staging::remove(&files));
        let removed = self.within(0, async { Ok(removed.await) }).await??;
        removed.map_err(|error| self.failed(error))
    }

    /// The error of a store that lacks its marker.
    #[must_use]
    pub fn missing(&self) -> StoreError {
        StoreError::Missing {
            organisation: self.shared.owner.name.clone(),
        }
    }

    pub(crate) fn failed(&self, error: impl Into<Source>) -> StoreError {
        let source = error.into();
        if is_disk_full(&*source) {
            return StoreError::DiskFull {
                organisation: self.shared.owner.name.clone(),
                source,
            };
        }
        StoreError::Failed {
            organisation: self.shared.owner.name.clone(),
            source,
        }
    }
}

/// The last change of an object. One dated before 1970 counts as changed just now, at the end of
/// time: such a clock proves no age.
pub(crate) fn changed(meta: &ObjectMeta) -> Timestamp {
    u64::try_from(meta.last_modified.timestamp_millis())
        .map_or(Timestamp::MAX, Timestamp::from_millis)
}

/// The store of a folder that exists. Blocks.
fn open_folder(folder: &FilePath) -> object_store::Result<LocalFileSystem> {
    check_path(folder).map_err(|source| object_store::Error::Generic {
        store: "LocalFileSystem",
        source: source.into(),
    })?;
    Ok(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true))
}

/// Returns true if an error, or a cause of it, is a file that does not exist.
fn is_absent(error: &(dyn std::error::Error + 'static)) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    kind == Some(io::ErrorKind::NotFound) || error.source().is_some_and(is_absent)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A payload that this process is sealing into a store.
pub struct SealingGuard {
    store: Store,
    payload: PayloadName,
}

impl Drop for SealingGuard {
    fn drop(&mut self) {
        locked(&self.store.shared.sealing).remove(&self.payload);
    }
}

/// An object on its way. Dropped before it is complete, it leaves nothing that can be read.
pub(crate) struct Upload {
    store: Store,
    chunks: Box<dyn MultipartUpload>,
}

impl Upload {
    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) async fn append(&mut self, bytes: Bytes) -> Result<()> {
        let length = bytes.len() as u64;
        let part = self.chunks.put_part(bytes.into());
        self.store.within(length, part).await
    }

    pub(crate) async fn complete(mut self) -> Result<Store> {
        let completed = self.chunks.complete();
        self.store.within(0, completed).await?;
        Ok(self.store)
    }

    pub(crate) async fn abort(mut self) {
        let aborted = self.chunks.abort();
        if let Err(error) = self.store.within(0, aborted).await {
            tracing::warn!(%error, "an unfinished upload could not be removed");
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("owner", &self.shared.owner)
            .field("given", &self.shared.given)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SealingGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealingGuard")
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}
