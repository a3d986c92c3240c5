//! What the chain has: lists and look-ups, each answer proven.

mod grants;
mod people;
mod records;

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use medshare_contract::keys;
use medshare_contract::state::{LIST_PAGE_LEN, List, ListPage, ListState};
use medshare_types::keystore::BoxFuture;
use medshare_types::{Digest, ReplicaId, Timestamp, Wire};

use crate::context::Context;
use crate::error::{Error, Result};

pub use grants::{GrantInfo, GrantStatus};
pub use people::{OrganisationInfo, PersonInfo};
pub use records::RecordInfo;

/// Entries that [`Listing::next_page`] reads at once.
const AT_ONCE: usize = 8;

/// Reads by proof for one application, asking one member before all others.
#[derive(Clone)]
pub(crate) struct Lookup {
    context: Arc<Context>,
    home: ReplicaId,
}

impl Lookup {
    pub(crate) fn new(context: &Arc<Context>, home: ReplicaId) -> Self {
        Self {
            context: Arc::clone(context),
            home,
        }
    }

    /// A value with the time of the block that proves it.
    async fn find<T: Wire>(&self, key: Digest) -> Result<Option<(T, Timestamp)>> {
        let (value, at) = self.context.chain.read_dated(self.home, key).await?;
        Ok(value.map(|value| (value, at)))
    }

    /// A value that another value names.
    async fn named<T: Wire>(&self, key: Digest) -> Result<(T, Timestamp)> {
        let found = self.find(key).await?;
        found.ok_or_else(|| Error::invalid_answer("a list or record names what the chain lacks"))
    }

    /// The list as a quorum knows it now.
    async fn list<I, T>(self, list: List<I>, read: ReadEntry<T>) -> Result<Listing<T>>
    where
        I: Send + Sync + 'static,
    {
        let chain = &self.context.chain;
        chain.catch_up().await?;
        let (counter, proven_at) = chain.read_dated(self.home, keys::list(&list)).await?;
        Ok(Listing {
            lookup: self,
            key_of_page: Box::new(move |index| keys::list_page(&list, index)),
            read,
            length: counter.map_or(0, |counter: ListState| counter.length),
            proven_at,
            newest_first: false,
            position: 0,
            page: None,
        })
    }
}

type ReadEntry<T> = fn(Lookup, Digest) -> BoxFuture<'static, Result<T>>;

/// A list of the chain as a quorum knew it when it was asked for, oldest entry first.
///
/// Entries that are added later are not in it, and none is ever removed, so positions do not shift
/// while it is read. It is proven whole: no member can leave an entry out. Each entry is described
/// as it is when it is read. Other parties can lengthen some lists at will, so bound what you read.
///
/// ```
/// # #[tokio::main(flavor = "multi_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use medshare_sdk::{AccessPolicy, Consortium, Window, GrantStatus};
/// # let consortium = Consortium::in_process(4).await?;
/// # let st_mary = consortium.organisation("st-mary")?;
/// # let patient = st_mary.enrol("patient-7", &[]).await?;
/// # let doctor = st_mary.enrol("dr-lee", &["role:cardiologist"]).await?;
/// # let policy: AccessPolicy = "role:cardiologist".parse()?;
/// # let record = st_mary.seal(b"an ECG", &policy).subject(&patient).await?;
/// # patient.grant(record, &doctor, Window::days(30)).await?;
/// let mut latest = patient.grants_given().await?.newest_first();
/// while let Some(grant) = latest.next().await? {
///     if grant.status == GrantStatus::Active && grant.grantee == *doctor.id() {
///         patient.revoke(grant.id).await?;
///     }
/// }
/// # consortium.shut_down().await?;
/// # Ok(())
/// # }
/// ```
pub struct Listing<T> {
    lookup: Lookup,
    key_of_page: Box<dyn Fn(u64) -> Digest + Send + Sync>,
    read: ReadEntry<T>,
    length: u64,
    proven_at: Timestamp,
    newest_first: bool,
    /// Entries read or skipped.
    position: u64,
    /// The page of the entry read last, and its index.
    page: Option<(u64, Vec<Digest>)>,
}

impl<T: Send + 'static> Listing<T> {
    /// The number of entries, those already read included.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Returns true for a list without entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The time of the block that proves the length.
    #[must_use]
    pub const fn proven_at(&self) -> Timestamp {
        self.proven_at
    }

    /// Begins with the newest entry, and ends with the oldest.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self.position = 0;
        self
    }

    /// Leaves out the next `count` entries; none is read for it. A caller that keeps the number of
    /// entries it has seen, oldest first, goes on with the new ones. Nothing is left where `count` is
    /// [`Self::len`] or more; more than the list ever had means that the consortium was restored from a
    /// backup, and that saved counts are to be forgotten.
    #[must_use]
    pub const fn skip(mut self, count: u64) -> Self {
        self.position = self.position.saturating_add(count);
        self
    }

    /// The next entry; `None` at the end. Cost: a proof or two, and one more for each 64 entries.
    /// Dropping the future, or an error, loses no entry.
    ///
    /// # Errors
    /// Why the state could not be read.
    pub async fn next(&mut self) -> Result<Option<T>> {
        let Some(id) = self.id_at(self.position).await? else {
            return Ok(None);
        };
        let entry = (self.read)(self.lookup.clone(), id).await?;
        self.position += 1;
        Ok(Some(entry))
    }

    /// The next 64 entries at most, several of them read at once; none at the end.
    ///
    /// # Errors
    /// Why the state could not be read. No entry is lost.
    pub async fn next_page(&mut self) -> Result<Vec<T>> {
        let mut ids = Vec::new();
        while (ids.len() as u64) < LIST_PAGE_LEN
            && let Some(id) = self.id_at(self.position + ids.len() as u64).await?
        {
            ids.push(id);
        }
        let count = ids.len() as u64;
        let entries = ids
            .into_iter()
            .map(|id| (self.read)(self.lookup.clone(), id));
        let entries = futures::stream::iter(entries).buffered(AT_ONCE);
        let entries = entries.try_collect().await?;
        self.position += count;
        Ok(entries)
    }

    /// The identifier of the entry at a position in the chosen order.
    async fn id_at(&mut self, position: u64) -> Result<Option<Digest>> {
        if position >= self.length {
            return Ok(None);
        }
        let index = match self.newest_first {
            true => self.length - 1 - position,
            false => position,
        };
        let page = index / LIST_PAGE_LEN;
        if self.page.as_ref().is_none_or(|(held, _)| *held != page) {
            let key = (self.key_of_page)(page);
            let read: (ListPage<Digest>, _) = self.lookup.named(key).await?;
            self.page = Some((page, read.0.entries));
        }
        let entries = self.page.iter().flat_map(|(_, entries)| entries);
        #[expect(clippy::expect_used, reason = "less than 64")]
        let offset = usize::try_from(index % LIST_PAGE_LEN).expect("an offset in a page");
        let id = entries.copied().nth(offset);
        id.map(Some)
            .ok_or_else(|| Error::invalid_answer("a page that is shorter than its list"))
    }
}

impl<T> std::fmt::Debug for Listing<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listing")
            .field("length", &self.length)
            .field("position", &self.position)
            .field("newest_first", &self.newest_first)
            .finish_non_exhaustive()
    }
}
