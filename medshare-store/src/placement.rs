//! The stores that one record's objects go to. A store that is down or hangs is replaced by another
//! organisation's; the record names the stores that took every object.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use medshare_payload::ContentTree;
use medshare_types::{OrganisationId, ReplicaId};
use tokio::sync::mpsc;

use crate::backend::{SealingGuard, Store, Stores, Upload};
use crate::error::{Result, StoreError};
use crate::objects::{ObjectKind, PayloadName};
use crate::transfer::remove;
use crate::transfer::{self, Source};

/// Stores that hold a copy of each of a record's objects (r), where the caller chooses no number.
const COPIES: usize = 2;
/// The most stores that the contract registers for a record.
pub const MAX_COPIES: usize = 8;

/// The caller's choice of copies.
#[derive(Clone, Copy, Debug, Default)]
pub struct CopyChoice {
    /// Copies that there shall be; two where the caller chooses no number.
    pub wanted: Option<usize>,
    /// Copies without which the record is not sealed; all that are wanted by default.
    pub at_least: Option<usize>,
}

impl CopyChoice {
    /// The copies that there shall be in so many stores, and those without which there is none.
    ///
    /// # Errors
    /// [`StoreError::InvalidCopies`] for numbers that no stores, or not so many, could ever meet.
    pub fn resolve(self, stores: usize) -> Result<(usize, usize)> {
        let usual = COPIES.min(stores).max(self.at_least.unwrap_or(1));
        let wanted = self.wanted.unwrap_or(usual);
        let needed = self.at_least.unwrap_or(wanted);
        if needed == 0 || wanted < needed || wanted > MAX_COPIES || needed > stores {
            return Err(StoreError::InvalidCopies {
                wanted,
                needed,
                stores,
            });
        }
        Ok((wanted, needed))
    }
}

/// The stores for one record, in the order in which they are tried.
pub struct Placement {
    candidates: VecDeque<Store>,
    wanted: usize,
    needed: usize,
}

impl Placement {
    /// The owner's store and those of the others in the order of seats; stores that lately hung
    /// come last.
    ///
    /// # Errors
    /// Those of [`CopyChoice::resolve`].
    pub fn near(
        owner: ReplicaId,
        seats: &[OrganisationId],
        stores: &Stores,
        choice: CopyChoice,
    ) -> Result<Self> {
        let from_owner = seats.iter().cycle().skip(owner.index()).take(seats.len());
        let mut candidates: Vec<Store> = from_owner
            .filter_map(|id| stores.get(id).cloned())
            .collect();
        candidates.sort_by_key(Store::is_avoided);
        let (wanted, needed) = choice.resolve(candidates.len())?;
        Ok(Self {
            candidates: candidates.into(),
            wanted,
            needed,
        })
    }

    /// Begins an upload of the payload to as many stores as there shall be copies.
    ///
    /// # Errors
    /// [`StoreError::TooFewCopies`], before any content is read.
    pub async fn begin(self, payload: PayloadName) -> Result<PendingCopies> {
        let guards = self.candidates.iter();
        let mut copies = PendingCopies {
            payload,
            wanted: self.wanted,
            needed: self.needed,
            _sealing: guards.map(|store| store.begin_sealing(payload)).collect(),
            spare: self.candidates,
            uploads: Vec::new(),
            whole: Vec::new(),
            failures: Vec::new(),
        };
        loop {
            let lacking = copies.wanted.saturating_sub(copies.uploads.len());
            let next = lacking.min(copies.spare.len());
            if next == 0 {
                break;
            }
            let begun = copies.spare.drain(..next).map(|store| async move {
                let upload = begin_upload(&store, payload).await;
                (store, upload)
            });
            for (store, upload) in join_all(begun).await {
                match upload {
                    Ok(upload) => copies.uploads.push(upload),
                    Err(error) => copies.give_up(&store, None, error),
                }
            }
        }
        let got = copies.uploads.len();
        if got < copies.needed {
            copies.abandon().await;
            return Err(copies.too_few(got));
        }
        Ok(copies)
    }
}

async fn begin_upload(store: &Store, payload: PayloadName) -> Result<Upload> {
    store.check_marker().await?;
    store.upload(payload.object(ObjectKind::Payload)).await
}

/// The copies of one record that is being sealed.
pub struct PendingCopies {
    payload: PayloadName,
    wanted: usize,
    needed: usize,
    /// Keeps sweeps of this process away.
    _sealing: Vec<SealingGuard>,
    /// Stores that were not tried yet.
    spare: VecDeque<Store>,
    uploads: Vec<Upload>,
    /// Stores that took everything that was written so far.
    whole: Vec<Store>,
    failures: Vec<StoreError>,
}

impl PendingCopies {
    /// The stores that hold every object.
    pub fn organisations(&self) -> Vec<OrganisationId> {
        self.whole.iter().map(|store| store.owner().id).collect()
    }

    /// Takes the payload's chunks until their sender is dropped. Every store takes a chunk at the
    /// same time; one that fails is left out from then on.
    pub async fn append_all(&mut self, mut chunks: mpsc::Receiver<Bytes>) -> Result<()> {
        while let Some(chunk) = chunks.recv().await {
            let uploads = self.uploads.iter_mut();
            let appended = join_all(uploads.map(|upload| upload.append(chunk.clone()))).await;
            for (upload, appended) in std::mem::take(&mut self.uploads).into_iter().zip(appended) {
                match appended {
                    Ok(()) => self.uploads.push(upload),
                    Err(error) => self.give_up(&upload.store().clone(), Some(upload), error),
                }
            }
            // What fails now is made up for at the end, out of a copy that is whole.
            let got = self.uploads.len();
            if got == 0 || got + self.spare.len() < self.needed {
                return Err(self.too_few(got));
            }
        }
        Ok(())
    }

    /// Ends the uploads of the payload.
    pub async fn complete(&mut self) -> Result<()> {
        let completed = self.uploads.drain(..).map(|upload| async {
            let store = upload.store().clone();
            (store, upload.complete().await)
        });
        for (store, completed) in join_all(completed).await {
            match completed {
                Ok(store) => self.whole.push(store),
                Err(error) => self.give_up(&store, None, error),
            }
        }
        if self.whole.is_empty() {
            return Err(self.too_few(0));
        }
        Ok(())
    }

    /// Writes the objects beside the payload, then the whole record to spare stores until there are
    /// as many copies as wanted.
    ///
    /// # Errors
    /// [`StoreError::TooFewCopies`]; then nothing is left in the stores that can be reached.
    pub async fn put_beside(
        &mut self,
        objects: &[(ObjectKind, Bytes)],
        tree: &Arc<ContentTree>,
    ) -> Result<()> {
        let (payload, length) = (self.payload, tree.layout().sealed_len());
        let written = self.whole.drain(..).map(|store| async move {
            let written = write_beside(&store, payload, objects, length).await;
            (store, written)
        });
        for (store, written) in join_all(written).await {
            match written {
                Ok(()) => self.whole.push(store),
                Err(error) => self.give_up(&store, None, error),
            }
        }
        let sources = self.whole.iter().cloned();
        let sources: Vec<_> = sources.map(|store| Source { store, length }).collect();
        while !sources.is_empty()
            && self.whole.len() < self.wanted
            && let Some(store) = self.spare.pop_front()
        {
            let copied = async {
                store.check_marker().await?;
                transfer::copy(&sources, &store, payload, tree).await?;
                write_beside(&store, payload, objects, length).await
            };
            match copied.await {
                Ok(()) => self.whole.push(store),
                Err(error) => self.give_up(&store, None, error),
            }
        }
        let got = self.whole.len();
        if got < self.needed {
            self.abandon().await;
            return Err(self.too_few(got));
        }
        Ok(())
    }

    /// Removes what was written, as far as the stores can be reached; sweeps find the rest.
    pub async fn abandon(&mut self) {
        let payload = self.payload;
        let aborted = self.uploads.drain(..).map(Upload::abort);
        join_all(aborted).await;
        let removed = self.whole.drain(..).map(|store| async move {
            if let Err(error) = remove(&store, payload).await {
                tracing::warn!(%error, "objects of an abandoned seal are left to a sweep");
            }
        });
        join_all(removed).await;
    }

    /// Goes on without a store. What it took is removed in the background: it may hang.
    fn give_up(&mut self, store: &Store, upload: Option<Upload>, error: StoreError) {
        tracing::warn!(%error, "a seal goes on without a store");
        self.failures.push(error);
        let (store, payload) = (store.clone(), self.payload);
        tokio::spawn(async move {
            if let Some(upload) = upload {
                upload.abort().await;
            }
            if let Err(error) = remove(&store, payload).await {
                tracing::debug!(%error, "objects of a failed copy are left to a sweep");
            }
        });
    }

    fn too_few(&mut self, got: usize) -> StoreError {
        StoreError::TooFewCopies {
            wanted: self.wanted,
            needed: self.needed,
            got,
            stores: std::mem::take(&mut self.failures),
        }
    }
}

/// Writes the objects beside a payload, and compares the lengths of all with what was written.
async fn write_beside(
    store: &Store,
    payload: PayloadName,
    objects: &[(ObjectKind, Bytes)],
    payload_len: u64,
) -> Result<()> {
    for (kind, bytes) in objects {
        store.put(payload.object(*kind), bytes.clone()).await?;
    }
    let written = objects
        .iter()
        .map(|(kind, bytes)| (*kind, bytes.len() as u64));
    for (kind, expected) in written.chain([(ObjectKind::Payload, payload_len)]) {
        let found = store.length(payload.object(kind)).await?;
        if found != Some(expected) {
            let found = found.map_or("nothing".to_owned(), |found| format!("{found} bytes"));
            let text = format!(
                "{expected} bytes of {} were sent, it has {found}",
                kind.name()
            );
            return Err(store.failed(io::Error::new(io::ErrorKind::InvalidData, text)));
        }
    }
    Ok(())
}

impl std::fmt::Debug for Placement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Placement")
            .field("candidates", &self.candidates)
            .field("wanted", &self.wanted)
            .field("needed", &self.needed)
            .finish()
    }
}

impl std::fmt::Debug for PendingCopies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingCopies")
            .field("payload", &self.payload)
            .field("whole", &self.whole)
            .finish_non_exhaustive()
    }
}
