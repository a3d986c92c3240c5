//! Records, as the chain has them.

use medshare_contract::keys;
use medshare_contract::state::{List, RecordHeadState, RecordState};
use medshare_types::keystore::BoxFuture;
use medshare_types::{
    Denial, Digest, Height, OrganisationId, PersonId, RecordId, RecordVersion, Timestamp,
};

use super::{Listing, Lookup};
use crate::error::{Error, Result};
use crate::record::RecordRef;
use crate::registered::label_of;

/// A version of a record, as the chain has it: none of its content, nor its policy or title.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordInfo {
    /// The record and this version of it.
    pub record: RecordRef,
    /// The latest version when this one was read.
    pub latest: RecordVersion,
    /// The organisation that sealed it.
    pub owner: OrganisationId,
    /// The person that it is about.
    pub subject: PersonId,
    /// No holder releases a share before this moment …
    pub floor: Timestamp,
    /// … nor from this moment on.
    pub ceiling: Timestamp,
    /// Number of 64 KiB segments of the content.
    pub segments: u64,
    /// Organisations whose stores should have the ciphertext.
    pub stores: Vec<OrganisationId>,
    /// Height of the registering block.
    pub registered_at: Height,
}

impl Lookup {
    pub(crate) async fn record(&self, record: RecordRef) -> Result<RecordInfo> {
        let unknown = || Error::Denied(Denial::UnknownRecord);
        let key = keys::record(&record.id, record.version);
        let (found, _): (RecordState, _) = self.find(key).await?.ok_or_else(unknown)?;
        let head = keys::record_head(&record.id);
        let (head, _): (RecordHeadState, _) = self.named(head).await?;
        let sealed = label_of(&found).ok_or_else(unknown)?;
        Ok(RecordInfo {
            record,
            latest: head.latest,
            owner: found.owner,
            subject: found.subject,
            floor: sealed.label.floor,
            ceiling: sealed.label.ceiling,
            segments: found.segment_count,
            stores: found.stores,
            registered_at: found.registered_at,
        })
    }

    pub(crate) async fn latest(&self, id: RecordId) -> Result<RecordInfo> {
        let found = self.find(keys::record_head(&id)).await?;
        let (head, _): (RecordHeadState, _) = found.ok_or(Error::Denied(Denial::UnknownRecord))?;
        let version = head.latest;
        self.record(RecordRef { id, version }).await
    }

    pub(crate) async fn records_about(self, person: &PersonId) -> Result<Listing<RecordInfo>> {
        let list = List::records_about(person);
        self.list(list, read).await
    }

    pub(crate) async fn records_of(self, owner: &OrganisationId) -> Result<Listing<RecordInfo>> {
        let list = List::records_owned_by(owner);
        self.list(list, read).await
    }
}

fn read(lookup: Lookup, id: Digest) -> BoxFuture<'static, Result<RecordInfo>> {
    Box::pin(async move { lookup.latest(RecordId::from_digest(id)).await })
}
