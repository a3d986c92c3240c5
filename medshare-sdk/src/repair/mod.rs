//! The copies of one record: looking at them, and restoring them out of each other.

mod copy;
mod report;

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use medshare_abe::payload::ContentTree;
use medshare_contract::keys;
use medshare_contract::state::RecordState;
use medshare_host::blocking;
use medshare_types::{Denial, ReplicaId, Wire as _};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::record::RecordRef;
use crate::registered::{self, label_of, payload_of};
use crate::repair::copy::Copy;
pub use crate::repair::report::{CopyFault, CopyState, RecordCopies, StoredCopy};
use crate::write::fingerprints::Fingerprints;
use medshare_store::StoreError;
use medshare_store::objects::{MAX_SMALL_OBJECT, ObjectKind, PayloadName, SegmentsObject};
use medshare_store::transfer::{self, Source};

/// What is done about damage.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Look,
    Restore,
}

/// Looks at every copy of a record, and restores them if that is the intent.
pub(crate) async fn examine(
    context: &Context,
    home: ReplicaId,
    record: RecordRef,
    intent: Intent,
) -> Result<RecordCopies> {
    let key = keys::record(&record.id, record.version);
    let found: Option<RecordState> = context.chain.read(home, key).await?;
    let registered = found.ok_or(Error::Denied(Denial::UnknownRecord))?;
    let payload = payload_of(&registered);
    let copies = registered.stores.iter();
    let copies: Vec<_> = copies.map(|id| Copy::of(context, id, payload)).collect();
    let mut examination = Examination {
        count: SegmentsObject::checked_count(registered.segment_count)?,
        registered: Arc::new(registered),
        payload,
        copies,
        good: Vec::new(),
        tree: None,
    };
    examination.look().await?;
    let can_restore_payload = examination.can_restore_payload(intent).await;
    let mut stores = Vec::new();
    for index in 0..examination.copies.len() {
        let state = examination
            .settle(index, intent, can_restore_payload)
            .await?;
        stores.push(StoredCopy {
            organisation: examination.copies[index].organisation.clone(),
            state,
        });
    }
    Ok(RecordCopies { record, stores })
}

/// The copies of one record, and the good objects found in them.
struct Examination {
    registered: Arc<RecordState>,
    count: u32,
    payload: PayloadName,
    copies: Vec<Copy>,
    /// One good copy of each small object.
    good: Vec<(ObjectKind, Bytes)>,
    tree: Option<Arc<ContentTree>>,
}

impl Examination {
    async fn look(&mut self) -> Result<()> {
        join_all(self.copies.iter_mut().map(Copy::reach)).await;
        let mut kinds = vec![ObjectKind::Segments, ObjectKind::Access];
        kinds.extend(self.registered.descriptor.map(|_| ObjectKind::Descriptor));
        for kind in kinds {
            for index in 0..self.copies.len() {
                self.look_at_object(index, kind).await?;
            }
        }
        self.look_at_fingerprints().await;
        self.read_tree().await?;
        let tree = self.tree.clone();
        let looks = self.copies.iter_mut();
        join_all(looks.map(|copy| copy.look_at_payload(tree.as_ref()))).await;
        // A mount that went away meanwhile has lost nothing.
        let faulty = self
            .copies
            .iter_mut()
            .filter(|copy| !copy.faults.is_empty());
        join_all(faulty.map(Copy::reach)).await;
        Ok(())
    }

    async fn look_at_object(&mut self, index: usize, kind: ObjectKind) -> Result<()> {
        let limit = match kind {
            ObjectKind::Segments => SegmentsObject::max_len_of(self.count),
            _ => MAX_SMALL_OBJECT,
        };
        let Some(bytes) = self.copies[index].fetch(kind, limit).await else {
            return Ok(());
        };
        if let Some((_, good)) = self.good.iter().find(|(of, _)| *of == kind) {
            // An accepted object has one encoding.
            if *good != bytes {
                self.copies[index].altered(kind);
            }
            return Ok(());
        }
        let (registered, count) = (Arc::clone(&self.registered), self.count);
        let judged = bytes.clone();
        if blocking(move || is_registered(kind, judged, &registered, count)).await? {
            self.good.push((kind, bytes));
        } else {
            self.copies[index].altered(kind);
        }
        Ok(())
    }

    /// Fingerprints are in no digest of the chain, and only their sealer can check them. A record
    /// need not have any, so none at all are no fault. Stores without any get those that all others
    /// agree on; where they differ, nothing tells which are right.
    async fn look_at_fingerprints(&mut self) {
        let kind = ObjectKind::Fingerprints;
        let limit = Fingerprints::MAX_LEN as u64;
        let mut found: Vec<Bytes> = Vec::new();
        let (mut lacking, mut altered) = (Vec::new(), Vec::new());
        for copy in &mut self.copies {
            match copy.fetch_optional(kind, limit).await {
                Some(Ok(Some(bytes))) if Fingerprints::from_wire(&bytes).is_ok() => {
                    found.push(bytes);
                }
                Some(Ok(None)) => lacking.push(copy),
                Some(_) => altered.push(copy),
                None => {}
            }
        }
        let Some((first, others)) = found.split_first() else {
            return;
        };
        if others.iter().all(|other| other == first) {
            for copy in lacking {
                copy.missing(kind);
            }
            for copy in altered {
                copy.altered(kind);
            }
            self.good.push((kind, first.clone()));
        }
    }

    async fn read_tree(&mut self) -> Result<()> {
        let segments = self.good.iter().find(|(of, _)| *of == ObjectKind::Segments);
        if let Some((_, bytes)) = segments {
            let (bytes, registered, count) =
                (bytes.clone(), Arc::clone(&self.registered), self.count);
            let parsed = blocking(move || {
                let RecordState {
                    preamble,
                    content_root,
                    ..
                } = &*registered;
                registered::segments(bytes, preamble, content_root, count)
            });
            self.tree = parsed.await?.map(|(_, tree)| Arc::new(tree));
        }
        Ok(())
    }

    /// Every copy's payload, the whole ones first.
    fn sources(&self) -> Vec<Source> {
        let mut sources: Vec<_> = self.copies.iter().filter_map(Copy::source).collect();
        sources.sort_by_key(|(is_whole, _)| !is_whole);
        sources.into_iter().map(|(_, source)| source).collect()
    }

    /// Whether the copies together have every segment. Where one is whole, nothing is read; where
    /// the payload is restored, doing it tells.
    async fn can_restore_payload(&self, intent: Intent) -> bool {
        let Some(tree) = &self.tree else { return false };
        let whole = self.copies.iter().filter_map(Copy::source);
        if intent == Intent::Restore || whole.into_iter().any(|(is_whole, _)| is_whole) {
            return true;
        }
        let sources = self.sources();
        let checked = transfer::check_sources(&sources, self.payload, tree).await;
        // Another failure proves nothing lost.
        !matches!(checked, Err(StoreError::SegmentMismatch { .. }))
    }

    /// The state of a copy, after it was restored if that is the intent.
    async fn settle(
        &mut self,
        index: usize,
        intent: Intent,
        can_restore_payload: bool,
    ) -> Result<CopyState> {
        let faults = match self.copies[index].settled() {
            ControlFlow::Break(state) => return Ok(state),
            ControlFlow::Continue(faults) => faults,
        };
        let is_good = |kind: &str| self.good.iter().any(|(of, _)| of.name() == kind);
        let payload = ObjectKind::Payload.name();
        let can_restore = |fault: &CopyFault| match fault.object() {
            object if object == payload => can_restore_payload,
            object => is_good(object),
        };
        let mut lost: Vec<_> = faults
            .iter()
            .filter(|fault| !can_restore(fault))
            .cloned()
            .collect();
        let mut failure = None;
        if intent == Intent::Restore {
            let restored = self.restore(index, &faults).await;
            if let Err(error) = restored {
                // Every copy was read, and none has this segment.
                if matches!(error, Error::SegmentMismatch { .. }) {
                    let is_payload = |fault: &&CopyFault| fault.object() == payload;
                    lost.extend(faults.iter().filter(is_payload).cloned());
                } else {
                    failure = Some(error);
                }
            } else if lost.is_empty() {
                failure = self.look_again(index, &faults).await?;
                if failure.is_none() {
                    return Ok(CopyState::Restored { faults });
                }
            }
        }
        if !lost.is_empty() && self.copies.iter().all(Copy::was_seen) {
            return Ok(CopyState::Lost { faults: lost });
        }
        Ok(CopyState::Damaged {
            faults,
            source: failure,
        })
    }

    /// Writes the good copy of each object with a fault, as far as there is one.
    async fn restore(&mut self, index: usize, faults: &[CopyFault]) -> Result<()> {
        let Some(store) = self.copies[index].store.clone() else {
            return Ok(());
        };
        let _sealing = store.begin_sealing(self.payload);
        let has_fault = |kind: ObjectKind| faults.iter().any(|fault| fault.object() == kind.name());
        for (kind, bytes) in &self.good {
            if has_fault(*kind) {
                let name = self.payload.object(*kind);
                store.put(name, bytes.clone()).await?;
            }
        }
        if let Some(tree) = &self.tree
            && has_fault(ObjectKind::Payload)
        {
            transfer::copy(&self.sources(), &store, self.payload, tree).await?;
        }
        Ok(())
    }

    /// Looks at a restored copy as if for the first time; the error of one that is still damaged.
    async fn look_again(&mut self, index: usize, faults: &[CopyFault]) -> Result<Option<Error>> {
        self.copies[index].faults.clear();
        let had_fault = |kind: ObjectKind| faults.iter().any(|fault| fault.object() == kind.name());
        let kinds: Vec<_> = self.good.iter().map(|(kind, _)| *kind).collect();
        for kind in kinds.into_iter().filter(|kind| had_fault(*kind)) {
            self.look_at_object(index, kind).await?;
        }
        let tree = self.tree.clone();
        let copy = &mut self.copies[index];
        if had_fault(ObjectKind::Payload) {
            copy.look_at_payload(tree.as_ref()).await;
        }
        Ok(match copy.settled() {
            ControlFlow::Continue(_) => Some(copy.unchanged()),
            ControlFlow::Break(CopyState::Unavailable { source }) => Some(source),
            ControlFlow::Break(_) => None,
        })
    }
}

/// Whether an object is the one that the chain has the digest of. Blocks.
fn is_registered(kind: ObjectKind, bytes: Bytes, record: &RecordState, count: u32) -> bool {
    match kind {
        ObjectKind::Access => label_of(record)
            .is_some_and(|label| registered::access(&bytes, &label.header).is_some()),
        ObjectKind::Segments => {
            registered::segments(bytes, &record.preamble, &record.content_root, count).is_some()
        }
        ObjectKind::Descriptor => record
            .descriptor
            .is_some_and(|digest| registered::descriptor(&bytes, &digest).is_some()),
        ObjectKind::Payload | ObjectKind::Fingerprints => true,
    }
}
