//! The registered record and its small objects, out of untrusted stores.

use std::sync::Arc;

use bytes::Bytes;
use medshare_abe::DecapsulateError;
use medshare_abe::access::{AccessHeader, VerifiedAccess};
use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::payload::{ContentTree, Preamble};
use medshare_abe::{AccessPolicy, Date, PublicParameters, SharedSecret, UserSecretKey};
use medshare_contract::keys;
use medshare_contract::state::{RecordState, SealedLabel};
use medshare_host::blocking;
use medshare_types::{Denial, ReplicaId, Wire as _};

use crate::access_rule::AccessRule;
use crate::actor::Actor;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::keyring::{Keyring, Requirement};
use crate::read::shortfall::{Shortfall, stores_of};
use crate::record::{Descriptor, RecordRef};
use crate::registered::{self, label_of, payload_of};
use medshare_store::objects::{MAX_SMALL_OBJECT, ObjectKind, SegmentsObject};

/// A record as the chain has it, and the access header that it names.
pub(crate) struct SealedHeader {
    record: RecordState,
    sealed: SealedLabel,
    header: AccessHeader,
}

impl SealedHeader {
    /// Reads the record by proof, then its header from the first store that has it as it was
    /// registered.
    pub(crate) async fn fetch(
        context: &Context,
        home: ReplicaId,
        record: RecordRef,
    ) -> Result<Self> {
        let unknown = || Error::Denied(Denial::UnknownRecord);
        let key = keys::record(&record.id, record.version);
        let found: Option<RecordState> = context.chain.read(home, key).await?;
        let record = found.ok_or_else(unknown)?;
        let sealed = label_of(&record).cloned().ok_or_else(unknown)?;
        let header = fetch_header(context, &record, &sealed).await?;
        Ok(Self {
            record,
            sealed,
            header,
        })
    }

    /// The readers that the header is for, beside the gate.
    pub(crate) fn access_rule(&self) -> AccessRule {
        AccessRule::of(self.header.abe().policy(), &self.record.id)
    }
}

/// A record as the chain has it, and its small objects as they were registered.
pub(super) struct FetchedRecord {
    pub(super) record: RecordState,
    pub(super) sealed: SealedLabel,
    pub(super) header: AccessHeader,
    pub(super) preamble: Preamble,
    pub(super) tree: Arc<ContentTree>,
}

impl FetchedRecord {
    /// Reads the record by proof, then its header, preamble and content tree, each from the first
    /// store that has it as it was registered.
    pub(super) async fn fetch(actor: &Actor, record: RecordRef) -> Result<Self> {
        let SealedHeader {
            record,
            sealed,
            header,
        } = SealedHeader::fetch(actor.context(), actor.home(), record).await?;
        let count = SegmentsObject::checked_count(record.segment_count)?;
        let (preamble, tree) = fetch_segments(actor.context(), &record, count).await?;
        Ok(Self {
            record,
            sealed,
            header,
            preamble,
            tree: Arc::new(tree),
        })
    }

    pub(super) fn policy(&self) -> &AccessPolicy {
        self.header.abe().policy()
    }

    pub(super) fn requirement(&self) -> Requirement<'_> {
        Requirement {
            policy: self.header.abe().policy(),
            sealed_on: Date::from(self.sealed.label.context.sealed_on),
            record: self.record.id,
            subject: self.record.subject,
        }
    }

    /// The access header, checked against the chain's digest and label.
    pub(super) fn access(&self) -> Result<VerifiedAccess<'_>> {
        self.header
            .verify(&self.sealed.header, &self.sealed.label, &self.preamble)
            .map_err(|source| Error::Damaged {
                what: "the record's access header",
                source: Box::new(source),
            })
    }

    /// K_abe by an attribute key.
    pub(super) fn decapsulate(
        &self,
        parameters: &PublicParameters,
        key: &UserSecretKey,
    ) -> Result<SharedSecret> {
        self.access()?
            .decapsulate(parameters, key)
            .map_err(|error| match error {
                DecapsulateError::PolicyUnsatisfied { missing } => {
                    Error::policy_unsatisfied(self.policy(), &missing)
                }
                _ => Error::Undecipherable,
            })
    }
}

/// Opens a record's descriptor by attributes alone.
pub(crate) async fn describe(
    actor: &Actor,
    keyring: &Keyring,
    record: RecordRef,
) -> Result<Descriptor> {
    let fetched = FetchedRecord::fetch(actor, record).await?;
    let key = keyring.key_for(&fetched.requirement()).await?;
    let descriptor = fetch_descriptor(actor.context(), &fetched.record).await?;
    let parameters = Arc::clone(&actor.context().parameters);
    let open = move || {
        let secret = fetched.decapsulate(&parameters, &key)?;
        let description = descriptor
            .open(&secret, &fetched.record.preamble)
            .map_err(|_| Error::Undecipherable)?;
        Descriptor::from_wire(&description).map_err(|source| Error::Damaged {
            what: "the record's descriptor",
            source: Box::new(source),
        })
    };
    actor.context().computing.run(open).await?
}

async fn fetch_header(
    context: &Context,
    record: &RecordState,
    sealed: &SealedLabel,
) -> Result<AccessHeader> {
    let header = sealed.header;
    let parse = move |bytes: Bytes| registered::access(&bytes, &header);
    first_fitting(context, record, ObjectKind::Access, MAX_SMALL_OBJECT, parse).await
}

async fn fetch_segments(
    context: &Context,
    record: &RecordState,
    count: u32,
) -> Result<(Preamble, ContentTree)> {
    let (preamble, root) = (record.preamble, record.content_root);
    let parse = move |bytes: Bytes| registered::segments(bytes, &preamble, &root, count);
    let limit = SegmentsObject::max_len_of(count);
    first_fitting(context, record, ObjectKind::Segments, limit, parse).await
}

async fn fetch_descriptor(context: &Context, record: &RecordState) -> Result<SealedDescriptor> {
    let digest = record.descriptor;
    let parse = move |bytes: Bytes| registered::descriptor(&bytes, &digest?);
    let kind = ObjectKind::Descriptor;
    first_fitting(context, record, kind, MAX_SMALL_OBJECT, parse).await
}

/// The first copy of an object that `parse` finds to be the registered one. Copies are parsed on a
/// blocking thread; one of more than `limit` bytes is not fetched.
pub(crate) async fn first_fitting<T: Send + 'static>(
    context: &Context,
    record: &RecordState,
    kind: ObjectKind,
    limit: u64,
    parse: impl Fn(Bytes) -> Option<T> + Send + Sync + 'static,
) -> Result<T> {
    let name = payload_of(record).object(kind);
    let object = kind.name();
    let parse = Arc::new(parse);
    let mut shortfall = Shortfall::new(context, record, kind);
    for store in stores_of(context, record) {
        match store.read_whole(name, limit).await {
            Ok(Some(bytes)) => {
                let parse = Arc::clone(&parse);
                match blocking(move || parse(bytes)).await? {
                    Some(value) => return Ok(value),
                    None => tracing::warn!(object, "a store holds an altered object"),
                }
            }
            Ok(None) => tracing::warn!(object, "a store lacks an object, or has a longer one"),
            Err(error) => shortfall.note(error.into()),
        }
    }
    Err(shortfall.told().await)
}
