//! The object stores that a caller hands in.
//!
//! Of a store these semantics are relied on, and `Consortium::stores` probes them:
//!
//! - an object that was put, or an upload that was completed, is durable and whole when the call
//!   returns, and replaces an earlier object of that name at once: readers see the old or the new
//!   bytes;
//! - an upload that was not completed shows no object;
//! - a range of an object can be read, its length be asked for, and it can be deleted;
//! - a listing by prefix shows every object, in any order and any number of pages, with the time of
//!   its last change.
//!
//! Not relied on: creation that fails where an object is (each attempt to seal has names of its
//! own), conditional reads, copies and renames inside the store, folders, and the truth of what a
//! store returns: every byte is checked against the chain.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;

/// The location of an organisation's object store, as configuration files have it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum StoreLocation {
    /// A folder of this machine, or mounted on it.
    Folder(PathBuf),
}

/// The object store of one organisation: a [`StoreLocation`], or any store of the crate
/// [`object_store`], which this crate re-exports in the version that it needs.
///
/// Each organisation has a store, or a prefix of one, to itself. A marker object in it
/// ([`Store::prepare`](crate::backend::Store::prepare)) tells it from another
/// organisation's, and from an empty folder over which a volume was to be mounted.
///
/// ```
/// use std::sync::Arc;
/// use medshare_store::RecordStore;
/// use medshare_store::object_store::{ObjectStore, memory::InMemory};
///
/// let shared: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
/// let st_mary = RecordStore::with_prefix(shared.clone(), "hospitals/st-mary");
/// let charite = RecordStore::with_prefix(shared, "hospitals/charite");
/// # drop((st_mary, charite));
/// ```
#[derive(Clone)]
pub struct RecordStore(pub(crate) Given);

#[derive(Clone)]
pub(crate) enum Given {
    Location(StoreLocation),
    Objects(Arc<dyn ObjectStore>),
}

impl RecordStore {
    /// A store that the caller made, used from its root on.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self(Given::Objects(store))
    }

    /// A store that the caller made, used below `prefix` alone.
    #[must_use]
    pub fn with_prefix(store: Arc<dyn ObjectStore>, prefix: impl Into<Path>) -> Self {
        Self::new(Arc::new(PrefixStore::new(store, prefix)))
    }

    pub(crate) const fn folder(&self) -> Option<&PathBuf> {
        match &self.0 {
            Given::Location(StoreLocation::Folder(folder)) => Some(folder),
            Given::Objects(_) => None,
        }
    }
}

impl From<StoreLocation> for RecordStore {
    fn from(location: StoreLocation) -> Self {
        Self(Given::Location(location))
    }
}

impl From<Arc<dyn ObjectStore>> for RecordStore {
    fn from(store: Arc<dyn ObjectStore>) -> Self {
        Self::new(store)
    }
}

impl std::fmt::Debug for RecordStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Given::Location(location) => location.fmt(f),
            // The `Debug` of a store may show its credentials.
            Given::Objects(store) => write!(f, "RecordStore({store})"),
        }
    }
}
