//! One object store an organisation, none of them trusted with anything.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::TryStreamExt as _;
use medshare_host::blocking;
use medshare_types::{OrganisationId, Timestamp};
use object_store::local::LocalFileSystem;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _};

use crate::error::{Error, Result, Source};
use crate::store::objects::{ObjectName, PayloadName};
use crate::store::staging::{self, StagingFile};

/// The location of an organisation's object store.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum StoreLocation {
    /// A folder of this machine, or mounted on it.
    Folder(PathBuf),
}

/// Every reachable store, by its organisation.
pub(crate) type Stores = BTreeMap<OrganisationId, Store>;

/// The newest change of each payload's objects.
pub(super) type Payloads = BTreeMap<PayloadName, Timestamp>;

/// The object store of one organisation.
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<dyn ObjectStore>,
    location: StoreLocation,
    /// Payloads that this process is sealing.
    sealing: Arc<Mutex<BTreeSet<PayloadName>>>,
}

impl Store {
    /// Opens a store, and creates it where it does not exist.
    pub(crate) fn open(location: StoreLocation) -> Result<Self> {
        let StoreLocation::Folder(folder) = &location;
        std::fs::create_dir_all(folder)?;
        let inner = LocalFileSystem::new_with_prefix(folder)
            .map_err(failed)?
            .with_fsync(true);
        Ok(Self {
            inner: Arc::new(inner),
            location,
            sealing: Arc::default(),
        })
    }

    pub(crate) const fn location(&self) -> &StoreLocation {
        &self.location
    }

    pub(super) async fn put(&self, name: ObjectName, bytes: Bytes) -> Result<()> {
        self.inner
            .put(&name.path(), bytes.into())
            .await
            .map(drop)
            .map_err(failed)
    }

    /// Begins an object that arrives in chunks; it exists from [`Upload::complete`] on.
    pub(super) async fn upload(&self, name: ObjectName) -> Result<Upload> {
        let chunks = self
            .inner
            .put_multipart(&name.path())
            .await
            .map_err(failed)?;
        Ok(Upload { chunks })
    }

    /// Keeps sweeps of this process away from a payload, for as long as the result exists.
    pub(super) fn begin_sealing(&self, payload: PayloadName) -> SealingGuard {
        self.sealing().insert(payload);
        SealingGuard {
            store: self.clone(),
            payload,
        }
    }

    pub(super) fn is_sealing(&self, payload: &PayloadName) -> bool {
        self.sealing().contains(payload)
    }

    fn sealing(&self) -> MutexGuard<'_, BTreeSet<PayloadName>> {
        self.sealing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Length in bytes, or nothing where there is no such object.
    pub(crate) async fn length(&self, name: ObjectName) -> Result<Option<u64>> {
        match self.inner.head(&name.path()).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    pub(crate) async fn read(&self, name: ObjectName, range: Range<u64>) -> Result<Bytes> {
        self.inner
            .get_range(&name.path(), range)
            .await
            .map_err(failed)
    }

    /// A whole small object; nothing where it is absent or longer than `limit` bytes.
    pub(crate) async fn read_whole(&self, name: ObjectName, limit: u64) -> Result<Option<Bytes>> {
        match self.length(name).await? {
            // The backend refuses empty ranges.
            Some(0) => Ok(Some(Bytes::new())),
            Some(length) if length <= limit => self.read(name, 0..length).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Removes an object; it need not exist.
    pub(super) async fn delete(&self, name: ObjectName) -> Result<()> {
        match self.inner.delete(&name.path()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// The payloads that have objects here, with the newest change of each. An object dated before
    /// 1970 counts as changed just now, at the end of time: such a clock proves no age.
    pub(super) async fn payloads(&self) -> Result<Payloads> {
        let mut found = Payloads::new();
        let prefix = object_store::path::Path::from(PayloadName::ROOT);
        let mut listing = self.inner.list(Some(&prefix));
        while let Some(meta) = listing.try_next().await.map_err(failed)? {
            let Some(payload) = PayloadName::of_path(meta.location.as_ref()) else {
                continue;
            };
            let changed = u64::try_from(meta.last_modified.timestamp_millis())
                .map_or(Timestamp::MAX, Timestamp::from_millis);
            let newest = found.entry(payload).or_insert(changed);
            *newest = changed.max(*newest);
        }
        Ok(found)
    }

    /// The files of uploads that are running or were killed.
    pub(super) async fn staging_files(&self) -> Result<Vec<StagingFile>> {
        let StoreLocation::Folder(folder) = self.location.clone();
        blocking(move || staging::staging_files(&folder))
            .await?
            .map_err(failed)
    }

    pub(super) async fn remove_staging(&self, files: Vec<PathBuf>) -> Result<()> {
        blocking(move || staging::remove(&files))
            .await?
            .map_err(failed)
    }
}

/// A payload that this process is sealing into a store.
pub(crate) struct SealingGuard {
    store: Store,
    payload: PayloadName,
}

impl Drop for SealingGuard {
    fn drop(&mut self) {
        self.store.sealing().remove(&self.payload);
    }
}

/// An object on its way. Dropped before it is complete, it leaves nothing that can be read.
pub(super) struct Upload {
    chunks: Box<dyn MultipartUpload>,
}

impl Upload {
    pub(super) async fn append(&mut self, bytes: Bytes) -> Result<()> {
        self.chunks.put_part(bytes.into()).await.map_err(failed)
    }

    pub(super) async fn complete(mut self) -> Result<()> {
        self.chunks.complete().await.map(drop).map_err(failed)
    }

    pub(super) async fn abort(mut self) {
        if let Err(error) = self.chunks.abort().await {
            tracing::warn!(%error, "an unfinished upload could not be removed");
        }
    }
}

fn failed(error: impl Into<Source>) -> Error {
    Error::ObjectStore {
        source: error.into(),
    }
}
