//! Object storage: one store an organisation, none of them trusted with anything.
//!
//! What lies where (all of it is ciphertext or digests of ciphertext):
//!
//! | object | holds |
//! |---|---|
//! | `records/<record>/<version>/<H(P)>/payload` | preamble-bound AEAD segments, one after the other |
//! | `records/<record>/<version>/<H(P)>/segments` | the preamble and the segments' digests |
//! | `records/<record>/<version>/<H(P)>/access` | the access header |
//! | `records/<record>/<version>/<H(P)>/descriptor` | the sealed descriptor |
//!
//! H(P), the digest of the payload's preamble, is new with every attempt to seal. Two attempts at
//! one version (a retry while the first is still being ordered) never write over each other; the
//! chain names the one that counts.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use medshare_contract::state::RecordState;
use medshare_types::{Digest, OrganisationId, RecordId, RecordVersion};
use object_store::local::LocalFileSystem;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _};

use crate::error::Error;

/// Which of a record's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Payload,
    Segments,
    Access,
    Descriptor,
}

impl Part {
    pub(crate) const ALL: [Self; 4] = [
        Self::Payload,
        Self::Segments,
        Self::Access,
        Self::Descriptor,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Segments => "segments",
            Self::Access => "access",
            Self::Descriptor => "descriptor",
        }
    }
}

/// Names one sealed payload of a version of a record, and what lies beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PayloadName {
    pub(crate) record: RecordId,
    pub(crate) version: RecordVersion,
    pub(crate) preamble: Digest,
}

impl PayloadName {
    /// The payload that the chain names.
    pub(crate) const fn of(record: &RecordState) -> Self {
        Self {
            record: record.id,
            version: record.version,
            preamble: record.preamble,
        }
    }

    pub(crate) const fn object(self, part: Part) -> ObjectName {
        ObjectName {
            payload: self,
            part,
        }
    }
}

/// Names one object of one payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectName {
    payload: PayloadName,
    part: Part,
}

impl ObjectName {
    fn path(self) -> object_store::path::Path {
        let PayloadName {
            record,
            version,
            preamble,
        } = self.payload;
        let part = self.part.name();
        object_store::path::Path::from(format!("records/{record}/{version}/{preamble}/{part}"))
    }
}

/// Where an organisation keeps the consortium's ciphertext.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum StoreLocation {
    /// A folder of this machine, or mounted on it.
    Folder(PathBuf),
}

/// One organisation's store.
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<dyn ObjectStore>,
    location: StoreLocation,
}

impl Store {
    pub(crate) fn open(location: StoreLocation) -> Result<Self, Error> {
        let StoreLocation::Folder(folder) = &location;
        std::fs::create_dir_all(folder)?;
        let inner = LocalFileSystem::new_with_prefix(folder)
            .map_err(failed)?
            .with_fsync(true);
        Ok(Self {
            inner: Arc::new(inner),
            location,
        })
    }

    /// The files behind the payloads of a version, of attempts that were broken off too.
    #[cfg_attr(not(feature = "in-process"), allow(dead_code))]
    pub(crate) fn payload_files(&self, record: RecordId, version: RecordVersion) -> Vec<PathBuf> {
        let StoreLocation::Folder(folder) = &self.location;
        let folder = folder.join(format!("records/{record}/{version}"));
        let payloads = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let files = payloads.map(|entry| entry.path().join(Part::Payload.name()));
        files.filter(|file| file.exists()).collect()
    }

    pub(crate) const fn location(&self) -> &StoreLocation {
        &self.location
    }

    pub(crate) async fn put(&self, name: ObjectName, bytes: Bytes) -> Result<(), Error> {
        self.inner
            .put(&name.path(), bytes.into())
            .await
            .map(drop)
            .map_err(failed)
    }

    /// Starts an object that arrives in parts; it is there once [`Upload::complete`] says so.
    pub(crate) async fn upload(&self, name: ObjectName) -> Result<Upload, Error> {
        let parts = self
            .inner
            .put_multipart(&name.path())
            .await
            .map_err(failed)?;
        Ok(Upload { parts })
    }

    /// Length in bytes, or nothing where there is no such object.
    pub(crate) async fn length(&self, name: ObjectName) -> Result<Option<u64>, Error> {
        match self.inner.head(&name.path()).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    pub(crate) async fn read(&self, name: ObjectName, range: Range<u64>) -> Result<Bytes, Error> {
        self.inner
            .get_range(&name.path(), range)
            .await
            .map_err(failed)
    }

    /// A whole small object; nothing where it is absent or longer than `limit` bytes.
    pub(crate) async fn read_whole(
        &self,
        name: ObjectName,
        limit: u64,
    ) -> Result<Option<Bytes>, Error> {
        match self.length(name).await? {
            Some(length) if length <= limit => self.read_known(name, length).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn read_known(&self, name: ObjectName, length: u64) -> Result<Bytes, Error> {
        if length == 0 {
            Ok(Bytes::new())
        } else {
            self.read(name, 0..length).await
        }
    }

    /// Removes an object; it need not be there.
    pub(crate) async fn delete(&self, name: ObjectName) -> Result<(), Error> {
        match self.inner.delete(&name.path()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// The payloads that have objects here, with the newest change of each, in milliseconds since
    /// 1970.
    pub(crate) async fn payloads(&self) -> Result<Payloads, Error> {
        let mut found = Payloads::new();
        let prefix = object_store::path::Path::from("records");
        let mut listing = self.inner.list(Some(&prefix));
        while let Some(meta) = listing.try_next().await.map_err(failed)? {
            let path = meta.location.as_ref().to_owned();
            let mut parts = path.split('/').skip(1);
            let record = parts.next().and_then(|text| text.parse().ok());
            let version = parts.next().and_then(|text| text.parse().ok());
            let preamble = parts.next().and_then(|text| text.parse().ok());
            if let (Some(record), Some(version), Some(preamble)) = (record, version, preamble) {
                let payload = PayloadName {
                    record,
                    version: RecordVersion(version),
                    preamble,
                };
                let changed = u64::try_from(meta.last_modified.timestamp_millis()).unwrap_or(0);
                let newest = found.entry(payload).or_insert(0);
                *newest = changed.max(*newest);
            }
        }
        Ok(found)
    }
}

/// When each payload's objects last changed, milliseconds since 1970.
pub(crate) type Payloads = BTreeMap<PayloadName, u64>;

/// An object on its way. Dropped before it is complete, it leaves nothing that can be read.
pub(crate) struct Upload {
    parts: Box<dyn MultipartUpload>,
}

impl Upload {
    pub(crate) async fn append(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.parts.put_part(bytes.into()).await.map_err(failed)
    }

    pub(crate) async fn complete(mut self) -> Result<(), Error> {
        self.parts.complete().await.map(drop).map_err(failed)
    }

    pub(crate) async fn abort(mut self) {
        if let Err(error) = self.parts.abort().await {
            tracing::warn!(%error, "an unfinished upload could not be removed");
        }
    }
}

/// Every organisation's store.
pub(crate) type Stores = BTreeMap<OrganisationId, Store>;

fn failed(error: object_store::Error) -> Error {
    Error::ObjectStore {
        source: Box::new(error),
    }
}
