//! Sealing a record, step by step.

use std::future::IntoFuture;
use std::sync::Arc;

use bytes::Bytes;
use medshare_abe::AccessPolicy;
use medshare_abe::payload::{self, ContentTree};
use medshare_contract::state::{PersonState, SealedLabel};
use medshare_contract::{RegisterRecord, keys};
use medshare_host::{clock, os_random};
use medshare_types::keystore::BoxFuture;
use medshare_types::{
    AccessClass, ChainId, Denial, FactorSet, OrganisationId, PersonId, RecordContext, RecordId,
    RecordVersion, SealingDate, Timestamp, Wire as _,
};

use crate::access_rule::with_subject;
use crate::actor::Actor;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::{Progress, observed};
use crate::record::{Descriptor, RecordRef};
use crate::turns::Queue;
use crate::warnings::{SealedRecord, Warnings};
use crate::window::check_times;
use crate::write::access::{AccessInputs, SealedAccess};
use crate::write::content::Content;
use crate::write::fingerprints::{Fingerprints, Request};
use crate::write::payload::{content_digest, content_hasher, upload};
use crate::write::registration::Registration;
use medshare_store::objects::{ObjectKind, PayloadName, SegmentsObject};
use medshare_store::placement::{CopyChoice, PendingCopies};

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
    readable_by_subject: bool,
    title: String,
    media_type: String,
    floor: Timestamp,
    ceiling: Timestamp,
    idempotency_key: Option<String>,
    copies: CopyChoice,
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
            readable_by_subject: true,
            title: String::new(),
            media_type: "application/octet-stream".to_owned(),
            floor: Timestamp::from_millis(0),
            ceiling: Timestamp::MAX,
            idempotency_key: None,
            copies: CopyChoice::default(),
            progress: None,
        }
    }

    /// The data subject: the person that the record is about, who grants access to it and reads it
    /// by [`Person::open_own`](crate::Person::open_own). Takes a `&Person`, or a [`PersonId`] whose
    /// keys are elsewhere.
    pub fn subject(mut self, subject: impl Into<PersonId>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Seals the record under the policy alone: its subject reads neither content nor descriptor,
    /// unless by attributes. The choice shows in [`AccessRule`](crate::AccessRule), to the subject
    /// too.
    pub const fn withheld_from_subject(mut self) -> Self {
        self.readable_by_subject = false;
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

    /// Makes sealing again under the same key return the existing record: for use after a time-out
    /// or a crash. The content is read, not stored again. Title, media type and bounds stay as they
    /// were sealed first; another subject, policy (readable by the subject or not) or content is
    /// [`Error::IdempotencyConflict`]. The key itself never leaves the application.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// The number of stores that shall have the record, 1 to 8: the organisation's own if it can be
    /// reached, and others in the order of seats. By default 2, or all of fewer stores that the
    /// application was given. A store that is down is replaced by the next. More than the application
    /// has stores are [`Error::InvalidCopies`], unless [`Self::at_least_copies`] is content with fewer.
    pub const fn copies(mut self, copies: usize) -> Self {
        self.copies.wanted = Some(copies);
        self
    }

    /// The number of stores that must have the record, for it to be registered: by default as many
    /// as there shall be, and never more than that. With fewer the seal ends as [`Error::TooFewCopies`], before any content
    /// is read where that is known then.
    pub const fn at_least_copies(mut self, copies: usize) -> Self {
        self.copies.at_least = Some(copies);
        self
    }

    /// Calls `progress` with the bytes sealed so far, about every 8 MiB.
    pub fn on_progress(mut self, progress: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    async fn run(self) -> Result<SealedRecord> {
        self.copies.resolve(self.actor.context().stores.len())?;
        let warnings = self.warnings();
        let readable_by_subject = self.readable_by_subject;
        let (record, stores) = self.seal().await?;
        Ok(SealedRecord::new(
            record,
            readable_by_subject,
            warnings,
            &stores,
        ))
    }

    fn warnings(&self) -> Warnings {
        let context = self.actor.context();
        let known = &context.known_people;
        let warnings = known.warnings(&self.policy, context.chain.genesis());
        for warning in warnings.into_iter().flatten() {
            tracing::warn!(policy = %self.policy, "{warning}");
        }
        warnings
    }

    /// The record, and the stores that have it.
    async fn seal(self) -> Result<(RecordRef, Vec<OrganisationId>)> {
        let subject = self.subject.ok_or(Error::MissingSubject)?;
        let content = self.content.checked().await?;
        let _turn = self.actor.context().chain.turn(Queue::Seals).await?;
        let registration =
            Registration::begin(&self.actor, self.idempotency_key.as_deref()).await?;
        let preimage = registration.preimage();
        let record = RecordRef {
            id: RecordId::derive(&self.author.id, &preimage),
            version: RecordVersion(1),
        };
        let policy = if self.readable_by_subject {
            with_subject(&self.policy, &record.id)?
        } else {
            self.policy
        };
        let digest = policy.digest();
        let request_of = |content| Request {
            subject,
            policy: digest,
            content,
        };
        if let Some(earlier) = registration.earlier(record).await? {
            let content = content.read_by(content_digest).await?;
            let request = request_of(content);
            registration.check_same(&earlier, &request).await?;
            return Ok((record, earlier.stores));
        }
        // What the contract would refuse is refused before the content is read: it may come from a
        // stream that can be read once.
        check_times("bounds", self.floor, self.ceiling, clock::now())?;
        check_subject(&self.actor, &subject).await?;
        let description = Descriptor {
            title: self.title,
            media_type: self.media_type,
            author: self.author.name,
            sealed_at: clock::now(),
        };
        // The bound that readers decode with.
        if description.to_wire().len() > Descriptor::MAX_LEN {
            return Err(Error::DescriptorTooLong);
        }
        let context = self.actor.context();
        let gate_key = self.actor.gate_key().await?;
        let placement = context.placement(self.actor.home(), self.copies)?;

        let (data_key, preamble, sealer) = payload::create(&mut os_random());
        let name = PayloadName {
            record: record.id,
            version: record.version,
            preamble: preamble.digest(),
        };
        let mut copies = placement.begin(name).await?;
        let hasher = registration.is_keyed().then(content_hasher);
        let sealed = upload(content, sealer, &mut copies, hasher, self.progress).await?;
        let tree = Arc::new(sealed.tree);

        let inputs = AccessInputs {
            parameters: Arc::clone(&context.parameters),
            gate_key,
            policy,
            context: record_context(*context.chain.id(), self.author.id, name),
            floor: self.floor,
            ceiling: self.ceiling,
            data_key,
            description,
        };
        let access = seal_access(context, inputs, &mut copies).await?;

        let request = sealed.digest.map(request_of);
        let fingerprints = request
            .as_ref()
            .and_then(|request| registration.fingerprints(request, &name.preamble));
        let segments = SegmentsObject {
            preamble: preamble.to_bytes(),
            tree: tree.to_bytes(),
        };
        let beside = objects_beside(&segments, &access, fingerprints);
        copies.put_beside(&beside, &tree).await?;
        let stores = copies.organisations();
        let call = register_call(name, preimage, subject, &tree, &access, stores);
        let stores = registration
            .submit(call, &mut copies, request.as_ref())
            .await?;
        Ok((record, stores))
    }
}

async fn check_subject(actor: &Actor, subject: &PersonId) -> Result<()> {
    let known: Option<PersonState> = actor.read(keys::person(subject)).await?;
    match known {
        Some(_) => Ok(()),
        None => Err(Error::Denied(Denial::Invalid {
            field: "subject".to_owned(),
        })),
    }
}

/// Access header and descriptor; where there are none, the payload is given up.
async fn seal_access(
    context: &Context,
    inputs: AccessInputs,
    copies: &mut PendingCopies,
) -> Result<SealedAccess> {
    let access = context.computing.run(move || inputs.seal()).await?;
    if access.is_err() {
        copies.abandon().await;
    }
    access
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

fn register_call(
    payload: PayloadName,
    opening: [u8; 32],
    subject: PersonId,
    tree: &ContentTree,
    access: &SealedAccess,
    stores: Vec<OrganisationId>,
) -> RegisterRecord {
    RegisterRecord {
        record: payload.record,
        version: payload.version,
        opening: Some(opening),
        subject,
        preamble: payload.preamble,
        labels: vec![SealedLabel {
            label: access.header.label().clone(),
            header: access.header.digest(),
        }],
        content_root: tree.root(),
        segment_count: u64::from(tree.layout().segment_count()),
        stores,
        descriptor: Some(access.descriptor.digest()),
    }
}

/// The small objects beside a payload.
fn objects_beside(
    segments: &SegmentsObject,
    access: &SealedAccess,
    fingerprints: Option<Fingerprints>,
) -> Vec<(ObjectKind, Bytes)> {
    let mut objects = vec![
        (ObjectKind::Segments, segments.to_wire().into()),
        (ObjectKind::Access, access.header.to_wire().into()),
        (ObjectKind::Descriptor, access.descriptor.to_wire().into()),
    ];
    if let Some(fingerprints) = fingerprints {
        objects.push((ObjectKind::Fingerprints, fingerprints.to_wire().into()));
    }
    objects
}

impl IntoFuture for Seal {
    type Output = Result<SealedRecord>;
    type IntoFuture = BoxFuture<'static, Result<SealedRecord>>;

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
