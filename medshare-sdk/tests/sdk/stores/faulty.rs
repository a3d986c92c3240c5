//! A store in memory that does what the test says.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::pending;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use medshare_sdk::object_store::memory::InMemory;
use medshare_sdk::object_store::path::Path;
use medshare_sdk::object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result, UploadPart,
};

/// What a store does. Lies concern records alone, so that its marker is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conduct {
    #[default]
    Sound,
    /// Every request fails at once.
    Down,
    /// No request is ever answered.
    Hang,
    /// Returns objects, and takes none.
    ReadOnly,
    /// Fails the second part of an upload.
    BreakUploads,
    /// Hangs at the second part of an upload.
    HangUploads,
    /// Says that it took objects beside a payload, and has none.
    Forget,
    /// Takes objects, and keeps those that it had.
    KeepOld,
    /// Returns other bytes than it has.
    Alter,
    /// Returns half of what was asked for.
    Truncate,
    /// Tells a longer length.
    Lengthen,
    /// Lists none of its objects.
    HideListing,
    /// Takes whole uploads, and stores nothing of them.
    LoseUploads,
    /// Fails to delete, and answers otherwise.
    Undeletable,
}

#[derive(Debug, Default)]
pub struct FaultyStore {
    pub inner: Arc<InMemory>,
    conduct: Mutex<Conduct>,
    requests: AtomicUsize,
}

impl FaultyStore {
    pub fn set(&self, conduct: Conduct) {
        *self.conduct.lock().unwrap() = conduct;
    }

    /// The number of requests so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// The paths of all objects of records, in order.
    pub async fn records(&self) -> Vec<Path> {
        let listed = self.inner.list(Some(&"records".into()));
        let mut paths: Vec<_> = listed
            .map_ok(|meta| meta.location)
            .try_collect()
            .await
            .unwrap();
        paths.sort();
        paths
    }

    /// The path of the only object of that kind.
    pub async fn path_of(&self, kind: &str) -> Path {
        let mut paths = self.records().await;
        paths.retain(|path| path.filename() == Some(kind));
        assert_eq!(paths.len(), 1, "{kind}: {paths:?}");
        paths.remove(0)
    }

    pub async fn bytes_of(&self, path: &Path) -> Bytes {
        self.inner.get(path).await.unwrap().bytes().await.unwrap()
    }

    /// Changes an object behind the store's back.
    pub async fn alter(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.bytes_of(path).await.to_vec();
        change(&mut bytes);
        self.inner.put(path, bytes.into()).await.unwrap();
    }

    /// Removes every object, the marker too.
    pub async fn clear(&self) {
        let all: Vec<_> = self.inner.list(None).try_collect().await.unwrap();
        for meta in all {
            self.inner.delete(&meta.location).await.unwrap();
        }
    }

    fn conduct(&self) -> Conduct {
        *self.conduct.lock().unwrap()
    }

    async fn begin(&self) -> Result<Conduct> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match self.conduct() {
            Conduct::Down => Err(failed("connection refused")),
            Conduct::Hang => pending().await,
            conduct => Ok(conduct),
        }
    }
}

fn failed(text: &'static str) -> Error {
    Error::Generic {
        store: "faulty",
        source: text.into(),
    }
}

fn is_record(path: &Path) -> bool {
    path.as_ref().starts_with("records/")
}

#[async_trait::async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let taken = PutResult {
            e_tag: None,
            version: None,
            extensions: Default::default(),
        };
        match self.begin().await? {
            Conduct::ReadOnly => Err(Error::PermissionDenied {
                path: path.to_string(),
                source: "read-only".into(),
            }),
            Conduct::Forget | Conduct::KeepOld if is_record(path) => Ok(taken),
            _ => self.inner.put_opts(path, payload, options).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let conduct = self.begin().await?;
        if conduct == Conduct::ReadOnly {
            return Err(failed("read-only"));
        }
        let inner = self.inner.put_multipart_opts(path, options).await?;
        Ok(Box::new(FaultyUpload {
            inner,
            conduct,
            parts: 0,
        }))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let conduct = self.begin().await?;
        let head = options.head;
        let mut result = self.inner.get_opts(path, options).await?;
        if !is_record(path) {
            return Ok(result);
        }
        if conduct == Conduct::Lengthen {
            result.meta.size += 1;
        }
        if head || !matches!(conduct, Conduct::Alter | Conduct::Truncate) {
            return Ok(result);
        }
        let (meta, range, attributes) = (
            result.meta.clone(),
            result.range.clone(),
            result.attributes.clone(),
        );
        let mut bytes = result.bytes().await?.to_vec();
        match conduct {
            Conduct::Truncate => bytes.truncate(bytes.len() / 2),
            _ => bytes.iter_mut().for_each(|byte| *byte ^= 0x55),
        }
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::iter([Ok(bytes.into())]).boxed()),
            meta,
            range,
            attributes,
            extensions: Default::default(),
        })
    }

    async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.begin().await?;
        self.inner.get_ranges(path, ranges).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match self.conduct() {
            Conduct::Down | Conduct::ReadOnly | Conduct::Undeletable => {
                stream::iter([Err(failed("not deleted"))]).boxed()
            }
            Conduct::Hang => stream::pending().boxed(),
            _ => self.inner.delete_stream(paths),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match self.conduct() {
            Conduct::Down => stream::iter([Err(failed("connection refused"))]).boxed(),
            Conduct::Hang => stream::pending().boxed(),
            Conduct::HideListing => stream::empty().boxed(),
            _ => self.inner.list(prefix),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.begin().await?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.begin().await?;
        self.inner.copy_opts(from, to, options).await
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultyStore({:?})", self.conduct())
    }
}

#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn MultipartUpload>,
    conduct: Conduct,
    parts: usize,
}

#[async_trait::async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.parts += 1;
        match (self.conduct, self.parts) {
            (Conduct::BreakUploads, 2) => Box::pin(async { Err(failed("connection reset")) }),
            (Conduct::HangUploads, 2) => Box::pin(pending()),
            _ => self.inner.put_part(data),
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        match self.conduct {
            Conduct::LoseUploads | Conduct::KeepOld => {
                self.inner.abort().await?;
                Ok(PutResult {
                    e_tag: None,
                    version: None,
                    extensions: Default::default(),
                })
            }
            _ => self.inner.complete().await,
        }
    }

    async fn abort(&mut self) -> Result<()> {
        match self.conduct {
            Conduct::HangUploads => pending().await,
            _ => self.inner.abort().await,
        }
    }
}
