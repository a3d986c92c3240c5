//! Sealing a record, step by step.

use std::future::IntoFuture;
use std::sync::Arc;

use bytes::Bytes;
use medshare_abe::AccessPolicy;
use medshare_abe::payload;
use medshare_contract::RegisterRecord;
use medshare_contract::state::SealedLabel;
use medshare_host::{blocking, clock, os_random};
use medshare_types::keystore::BoxFuture;
use medshare_types::{
    AccessClass, ChainId, FactorSet, OrganisationId, PersonId, RecordContext, RecordId,
    RecordVersion, SealingDate, Timestamp, Wire as _,
};

use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::observe::{Progress, observed};
use crate::record::{Descriptor, RecordRef};
use crate::store::objects::{ObjectKind, PayloadName, SegmentsObject};
use crate::store::placement::Placement;
use crate::window::check_times;
use crate::write::access::{AccessInputs, SealedAccess};
use crate::write::content::Content;
use crate::write::payload::upload;
use crate::write::registration::Registration;

/// The organisation that seals a record.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    pub(crate) id: OrganisationId,
    pub(crate) name: String,
}

/// A record about to be sealed. Name its subject with [`Seal::subject`], then `.await` it.
#[must_use = "nothing is sealed until this is awaited"]
pub struct Seal {
    actor: Actor,
    author: Author,
    content: Content,
    policy: AccessPolicy,
    subject: Option<PersonId>,
    title: String,
    media_type: String,
    floor: Timestamp,
    ceiling: Timestamp,
    idempotency_key: Option<String>,
    progress: Option<Progress>,
}

impl Seal {
    pub(crate) fn new(
        actor: Actor,
        author: Author,
        content: Content,
        policy: AccessPolicy,
    ) -> Self {
        Self {
            actor,
            author,
            content,
            policy,
            subject: None,
            title: String::new(),
            media_type: "application/octet-stream".to_owned(),
            floor: Timestamp::from_millis(0),
            ceiling: Timestamp::MAX,
            idempotency_key: None,
            progress: None,
        }
    }

    /// The data subject: the person that the record is about, who grants access to it. Takes a
    /// `&Person`, or a [`PersonId`] whose keys are elsewhere.
    pub fn subject(mut self, subject: impl Into<PersonId>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The title in the record's sealed descriptor; empty by default.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The media type in the record's sealed descriptor; `application/octet-stream` by default.
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = media_type.into();
        self
    }

    /// Bounds that every gate holder checks by itself, whatever is granted later: no release
    /// before `floor`, none from `ceiling` on. Bounds that could never open the record are refused,
    /// as [`Error::InvalidTimes`].
    pub const fn bounds(mut self, floor: Timestamp, ceiling: Timestamp) -> Self {
        self.floor = floor;
        self.ceiling = ceiling;
        self
    }

    /// Makes sealing again under the same key return the existing record, whatever the content:
    /// for use after a time-out or a crash. The key itself never leaves the application.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Calls `progress` with the bytes sealed so far, about every 8 MiB.
    pub fn on_progress(mut self, progress: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    async fn run(self) -> Result<RecordRef> {
        let subject = self.subject.ok_or(Error::MissingSubject)?;
        let content = self.content.checked().await?;
        let registration = Registration {
            actor: &self.actor,
            idempotency_key: self.idempotency_key.as_deref(),
        };
        let preimage = registration.id_preimage().await?;
        let record = RecordRef {
            id: RecordId::derive(&self.author.id, &preimage),
            version: RecordVersion(1),
        };
        if registration.is_done(&record.id).await? {
            return Ok(record);
        }
        check_times("bounds", self.floor, self.ceiling, clock::now())?;
        let context = self.actor.context();
        let gate_key = self.actor.gate_key().await?;
        let placement = context.placement(self.actor.home());

        let (data_key, preamble, sealer) = payload::create(&mut os_random());
        let name = PayloadName {
            record: record.id,
            version: record.version,
            preamble: preamble.digest(),
        };
        let uploads = placement.upload(name.object(ObjectKind::Payload)).await?;
        let tree = upload(content, sealer, uploads, self.progress).await?;

        let inputs = AccessInputs {
            parameters: Arc::clone(&context.parameters),
            gate_key,
            policy: self.policy,
            context: record_context(*context.chain.id(), self.author.id, name),
            floor: self.floor,
            ceiling: self.ceiling,
            data_key,
            description: Descriptor {
                title: self.title,
                media_type: self.media_type,
                author: self.author.name,
                sealed_at: clock::now(),
            },
        };
        let access = blocking(move || inputs.seal()).await??;

        let segments = SegmentsObject {
            preamble: preamble.to_bytes(),
            tree: tree.to_bytes(),
        };
        store_beside(&placement, name, &segments, &access).await?;
        let call = RegisterRecord {
            record: record.id,
            version: record.version,
            opening: Some(preimage),
            subject,
            preamble: name.preamble,
            labels: vec![SealedLabel {
                label: access.header.label().clone(),
                header: access.header.digest(),
            }],
            content_root: tree.root(),
            segment_count: u64::from(tree.layout().segment_count()),
            stores: placement.organisations(),
            descriptor: Some(access.descriptor.digest()),
        };
        registration.submit(call, name, &placement).await?;
        Ok(record)
    }
}

/// Everything that the record's keys are bound to.
fn record_context(chain: ChainId, owner: OrganisationId, payload: PayloadName) -> RecordContext {
    RecordContext {
        chain,
        record: payload.record,
        version: payload.version,
        owner,
        class: AccessClass::Normal,
        factors: FactorSet::ABE_AND_GATE,
        sealed_on: SealingDate::of(clock::now()),
        preamble: payload.preamble,
    }
}

/// Stores the small objects beside a payload.
async fn store_beside(
    placement: &Placement,
    payload: PayloadName,
    segments: &SegmentsObject,
    access: &SealedAccess,
) -> Result<()> {
    for (kind, bytes) in [
        (ObjectKind::Segments, segments.to_wire()),
        (ObjectKind::Access, access.header.to_wire()),
        (ObjectKind::Descriptor, access.descriptor.to_wire()),
    ] {
        let object = payload.object(kind);
        placement.put(object, Bytes::from(bytes)).await?;
    }
    Ok(())
}

impl IntoFuture for Seal {
    type Output = Result<RecordRef>;
    type IntoFuture = BoxFuture<'static, Result<RecordRef>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(observed("seal", self.run()))
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal")
            .field("author", &self.author.name)
            .field("content", &self.content)
            .field("policy", &self.policy)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}
