//! Sealing a record: payload, access header, descriptor, registration.

use std::future::IntoFuture;
use std::sync::Arc;

use bytes::Bytes;
use medshare_abe::access::{AccessHeader, KeyFactors};
use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::payload::{self, ContentTree, Preamble};
use medshare_abe::{AccessPolicy, DataKey, Date, encapsulate_dated};
use medshare_contract::state::{RecordHeadState, SealedLabel};
use medshare_contract::{Call, RegisterRecord, keys};
use medshare_threshold::GateSealer;
use medshare_types::keystore::BoxFuture;
use medshare_types::{
    AccessClass, Denial, Digest, FactorSet, GateKey, GateLabel, OrganisationId, PersonId,
    RandomSource, RecordContext, RecordId, RecordVersion, Timestamp, Wire, hash,
};
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::observe::observed;
use crate::organisation::Organisation;
use crate::person::Person;
use crate::record::{Descriptor, Record, SegmentsObject};
use crate::store::objects::{ObjectName, Part, PayloadName, Upload};
use crate::write::content::{Content, Progress, seal_parts};
use medshare_host::blocking;
use medshare_host::clock;
use medshare_host::os_random;

/// Sealed parts that wait for the stores.
const PARTS_AHEAD: usize = 1;

/// A record about to be sealed. Say about whom with [`Seal::subject`], then `.await` it.
#[must_use = "nothing is sealed until this is awaited"]
pub struct Seal {
    content: Content,
    plan: Plan,
}

/// Everything but the content, which only the sealing thread touches.
struct Plan {
    organisation: Organisation,
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
    pub(crate) fn new(organisation: Organisation, content: Content, policy: AccessPolicy) -> Self {
        let plan = Plan {
            organisation,
            policy,
            subject: None,
            title: String::new(),
            media_type: "application/octet-stream".to_owned(),
            floor: Timestamp::from_millis(0),
            ceiling: Timestamp::MAX,
            idempotency_key: None,
            progress: None,
        };
        Self { content, plan }
    }

    /// The person whom the record is about, and who grants access to it.
    pub fn subject(mut self, subject: &Person) -> Self {
        self.plan.subject = Some(*subject.id());
        self
    }

    /// What the record's sealed descriptor calls it.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.plan.title = title.into();
        self
    }

    /// The media type in the record's sealed descriptor.
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.plan.media_type = media_type.into();
        self
    }

    /// Bounds that every gate holder checks by itself, whatever is granted later: no release
    /// before `floor`, none from `ceiling` on.
    pub const fn bounds(mut self, floor: Timestamp, ceiling: Timestamp) -> Self {
        self.plan.floor = floor;
        self.plan.ceiling = ceiling;
        self
    }

    /// Makes sealing again under the same key return the record that is there already, whatever
    /// the content: after a time-out, or a crash. The key itself is shown to nobody.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.plan.idempotency_key = Some(key.into());
        self
    }

    /// Calls `progress` with the bytes sealed so far, about every 8 MiB.
    pub fn on_progress(mut self, progress: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.plan.progress = Some(Arc::new(progress));
        self
    }
}

impl Plan {
    async fn run(self, content: Content) -> Result<Record> {
        let subject = self.subject.ok_or(Error::MissingSubject)?;
        let content = content.checked().await?;
        let opening = self.opening().await?;
        let id = RecordId::derive(&self.organisation.id, &opening);
        let record = Record {
            id,
            version: RecordVersion(1),
        };
        if self.idempotency_key.is_some() && self.is_registered(&id).await? {
            return Ok(record);
        }
        let inner = Arc::clone(&self.organisation.consortium.inner);
        let gate_key = inner.gate_key(self.organisation.home).await?;
        let stores = inner.placement(&self.organisation.id);

        let (data_key, preamble, sealer) = payload::create(&mut os_random());
        let name = PayloadName {
            record: id,
            version: record.version,
            preamble: preamble.digest(),
        };
        let tree = self
            .upload_payload(name.object(Part::Payload), &stores, content, sealer)
            .await?;
        let access = self
            .make_access(record, data_key, preamble.clone(), gate_key)
            .await?;
        let registration = RegisterRecord {
            record: id,
            version: record.version,
            opening: Some(opening),
            subject,
            preamble: name.preamble,
            labels: vec![SealedLabel {
                label: access.header.label().clone(),
                header: access.header.digest(),
            }],
            content_root: tree.root(),
            segment_count: u64::from(tree.layout().segment_count()),
            stores: stores.clone(),
            descriptor: Some(access.descriptor.digest()),
        };
        let segments = SegmentsObject {
            preamble: preamble.to_bytes(),
            tree: tree.to_bytes(),
        }
        .to_wire();
        for (part, bytes) in [
            (Part::Segments, segments),
            (Part::Access, access.header.to_wire()),
            (Part::Descriptor, access.descriptor.to_wire()),
        ] {
            let bytes = Bytes::from(bytes);
            for store in stores.iter().filter_map(|id| inner.stores.get(id)) {
                store.put(name.object(part), bytes.clone()).await?;
            }
        }
        self.register(name, &stores, registration).await?;
        Ok(record)
    }

    /// The 32 bytes that the record's identifier is derived from: random, or from the caller's
    /// key under a signature that only the organisation can make.
    async fn opening(&self) -> Result<[u8; 32]> {
        let Some(key) = &self.idempotency_key else {
            return Ok(os_random().array());
        };
        let organisation = &self.organisation;
        let fields: [&[u8]; 2] = [
            organisation.consortium.inner.chain.id().as_ref(),
            key.as_bytes(),
        ];
        let statement = hash::digest("medshare/sdk/idempotency-key/v1", &fields);
        let signature = organisation.signer.sign(&statement).await?;
        let opening = hash::digest("medshare/sdk/record-opening/v1", &[signature.as_bytes()]);
        Ok(*opening.as_bytes())
    }

    async fn is_registered(&self, id: &RecordId) -> Result<bool> {
        let organisation = &self.organisation;
        let chain = &organisation.consortium.inner.chain;
        let head: Option<RecordHeadState> =
            chain.read(organisation.home, keys::record_head(id)).await?;
        Ok(head.is_some())
    }

    /// Seals the content on a blocking thread while the stores take the parts.
    async fn upload_payload(
        &self,
        name: ObjectName,
        stores: &[OrganisationId],
        content: Content,
        sealer: payload::SegmentSealer,
    ) -> Result<ContentTree> {
        let inner = &self.organisation.consortium.inner;
        let mut uploads = Vec::new();
        for store in stores.iter().filter_map(|id| inner.stores.get(id)) {
            uploads.push(store.upload(name).await?);
        }
        let (parts, mut incoming) = mpsc::channel::<Bytes>(PARTS_AHEAD);
        let progress = self.progress.clone();
        let sealing = tokio::task::spawn_blocking(move || {
            seal_parts(content, sealer, &parts, progress.as_ref())
        });
        let mut stored = Ok(());
        while let (Ok(()), Some(part)) = (&stored, incoming.recv().await) {
            stored = append_to_all(&mut uploads, &part).await;
        }
        // Closed, the sealing side ends early where a store has failed.
        drop(incoming);
        let sealed = sealing.await.map_err(|error| Error::Io {
            source: error.into(),
        })?;
        match stored.and(sealed) {
            Ok(tree) => {
                for upload in uploads {
                    upload.complete().await?;
                }
                Ok(tree)
            }
            Err(error) => {
                for upload in uploads {
                    upload.abort().await;
                }
                Err(error)
            }
        }
    }

    /// ctx → Encaps → L → K_gate → X, and the descriptor. About 3 ms, on a blocking thread.
    async fn make_access(
        &self,
        record: Record,
        data_key: DataKey,
        preamble: Preamble,
        gate_key: Arc<GateKey>,
    ) -> Result<Access> {
        let inner = &self.organisation.consortium.inner;
        let parameters = Arc::clone(&inner.parameters);
        let policy = self.policy.clone();
        let (floor, ceiling) = (self.floor, self.ceiling);
        let context = RecordContext {
            chain: *inner.chain.id(),
            record: record.id,
            version: record.version,
            owner: self.organisation.id,
            class: AccessClass::Normal,
            factors: FactorSet::ABE_AND_GATE,
            sealed_on: Organisation::today(),
            preamble: preamble.digest(),
        };
        let description = Descriptor {
            title: self.title.clone(),
            media_type: self.media_type.clone(),
            author: self.organisation.name.clone(),
            sealed_at: clock::now(),
        };
        let work = move || {
            let rng = &mut os_random();
            let sealed_on = Date::from(context.sealed_on);
            let ctx = context.digest();
            let (abe, secret) =
                encapsulate_dated(&parameters, &policy, sealed_on, ctx.as_ref(), rng);
            let gate = GateSealer::new(rng);
            let label = GateLabel {
                key: gate_key.id,
                context,
                abe: abe.digest(),
                floor,
                ceiling,
                u: gate.u(),
            };
            let factor = gate
                .factor(&gate_key, &label)
                .map_err(|error| Error::InvalidAnswer {
                    reason: error.to_string(),
                })?;
            let factors = KeyFactors::new(&secret).with_gate(factor.as_bytes());
            let header = AccessHeader::seal(abe, label, &factors, &data_key).map_err(|error| {
                Error::InvalidAnswer {
                    reason: error.to_string(),
                }
            })?;
            let preamble: Digest = preamble.digest();
            let descriptor =
                SealedDescriptor::seal(&secret, &preamble, &description.to_wire(), rng)
                    .map_err(|_| Error::DescriptorTooLong)?;
            Ok(Access { header, descriptor })
        };
        blocking(work).await?
    }

    /// Has the record registered. Under an idempotency key it may be there by now: an attempt that
    /// was broken off was ordered in the meantime, and its payload is the one that counts.
    async fn register(
        &self,
        payload: PayloadName,
        stores: &[OrganisationId],
        registration: RegisterRecord,
    ) -> Result<()> {
        let organisation = &self.organisation;
        let inner = &organisation.consortium.inner;
        let call = Call::RegisterRecord(Box::new(registration));
        let (home, sender) = (organisation.home, organisation.id.into());
        let registered = inner
            .chain
            .call(home, sender, &*organisation.signer, &call)
            .await;
        let Err(Error::Denied(denial)) = registered else {
            return registered.map(drop);
        };
        // Refused for good, so nobody will ever name these objects.
        for store in stores.iter().filter_map(|id| inner.stores.get(id)) {
            for part in Part::ALL {
                store.delete(payload.object(part)).await?;
            }
        }
        if denial == Denial::AlreadyExists && self.idempotency_key.is_some() {
            return Ok(());
        }
        Err(Error::Denied(denial))
    }
}

impl IntoFuture for Seal {
    type Output = Result<Record>;
    type IntoFuture = BoxFuture<'static, Result<Record>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(observed("seal", self.plan.run(self.content)))
    }
}

struct Access {
    header: AccessHeader,
    descriptor: SealedDescriptor,
}

async fn append_to_all(uploads: &mut [Upload], part: &Bytes) -> Result<()> {
    for upload in uploads {
        upload.append(part.clone()).await?;
    }
    Ok(())
}
