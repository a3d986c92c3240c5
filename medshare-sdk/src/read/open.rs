//! Opening a record: entitlement, ticket, shares, key, segments, receipt.

use std::future::IntoFuture;
use std::ops::Range;
use std::sync::Arc;

use medshare_abe::KeyFactors;
use medshare_abe::PayloadError;
use medshare_abe::payload::{Padding, SegmentOpener};
use medshare_contract::state::{GrantState, RecordState};
use medshare_contract::{Call, keys};
use medshare_host::os_random;
use medshare_ledger::{AccessReceipt, ReceiptProof};
use medshare_threshold::SessionSecret;
use medshare_types::consent::AccessRequest;
use medshare_types::keystore::BoxFuture;
use medshare_types::{Denial, Digest, GrantId, Nonce, OrganisationId, Purpose, Ticket};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

use crate::actor::Actor;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::keyring::Keyring;
use crate::observe::{Progress, observed};
use crate::read::record::{FetchedRecord, stores_of};
use crate::read::segment_buffer::SegmentBuffer;
use crate::read::shares;
use crate::receipt::Receipt;
use crate::record::RecordRef;
use crate::store::objects::{CHUNK_SEGMENTS, ObjectKind, PayloadName};
use crate::turns::Queue;

/// A record about to be opened. `.await` it, or stream it with [`Open::write_to`].
#[must_use = "nothing is opened until this is awaited"]
pub struct Open {
    actor: Actor,
    keyring: Keyring,
    grant: GrantId,
    purpose: Purpose,
    progress: Option<Progress>,
}

/// The circumstances of an opening: its ticket, its proof, and the culprits among the holders.
#[derive(Clone, Debug)]
pub struct Access {
    receipt: Receipt,
    ticket: Ticket,
    length: u64,
    culprits: Vec<String>,
}

impl Access {
    /// The proof of the access, to be kept for audits.
    #[must_use]
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The ticket that the consortium issued.
    #[must_use]
    pub const fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Length of the content in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The names of organisations whose release share was wrong. The record was opened without
    /// them.
    #[must_use]
    pub fn culprits(&self) -> &[String] {
        &self.culprits
    }
}

/// An opened record, in memory. The content is erased when dropped.
pub struct Opened {
    access: Access,
    content: Zeroizing<Vec<u8>>,
}

impl Opened {
    /// The content, as it was sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.content
    }

    /// Ticket, proof and length of this opening.
    #[must_use]
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// The proof of the access, to be kept for audits.
    #[must_use]
    pub const fn receipt(&self) -> &Receipt {
        &self.access.receipt
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({} bytes)", self.content.len())
    }
}

impl Open {
    pub(crate) fn new(actor: Actor, keyring: Keyring, grant: GrantId) -> Self {
        Self {
            actor,
            keyring,
            grant,
            purpose: Purpose::Treatment,
            progress: None,
        }
    }

    /// The purpose that the ticket will name; [`Purpose::Treatment`] by default.
    pub const fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Calls `progress` with the bytes opened so far, about every 8 MiB.
    pub fn on_progress(mut self, progress: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// Writes the content to `writer` as it is checked and decrypted, segment by segment. Memory
    /// does not grow with the content, except for 32 bytes for each 64 KiB.
    ///
    /// Every byte that reaches the writer is the sealed one. After an error the writer has a prefix
    /// of the content: write to a temporary file, and rename it on success.
    ///
    /// # Errors
    /// [`Error`]; the denials and the ways in which stored objects can be wrong have a code each.
    pub async fn write_to(self, writer: &mut (impl AsyncWrite + Unpin + Send)) -> Result<Access> {
        observed("open", self.into_writer(writer)).await
    }

    async fn into_writer(self, writer: &mut (impl AsyncWrite + Unpin + Send)) -> Result<Access> {
        let payload = self.unlock().await?;
        let length = payload.stream(self.progress.as_ref(), writer).await?;
        Ok(payload.into_access(length))
    }

    async fn into_memory(self) -> Result<Opened> {
        let payload = self.unlock().await?;
        let mut content = reserve(payload.opener.layout().plaintext_len())?;
        let length = payload
            .stream(self.progress.as_ref(), &mut *content)
            .await?;
        Ok(Opened {
            access: payload.into_access(length),
            content,
        })
    }

    /// Everything up to the payload's key.
    async fn unlock(&self) -> Result<UnlockedPayload> {
        let context = self.actor.context();
        // Before a ticket is asked for: a use must not be lost because many others open.
        let _turn = context.chain.turn(Queue::Openings).await?;
        let fetched = FetchedRecord::fetch(&self.actor, self.record().await?).await?;
        // Before a ticket is asked for: a use must not be lost on a record that stays shut.
        fetched.access()?;
        // Nothing here seals with padding yet.
        if fetched.preamble.padding() != Padding::None {
            return Err(Error::Undecipherable);
        }
        let key = self.keyring.key_for(&fetched.requirement()).await?;

        let session = SessionSecret::new(&mut os_random());
        let proof = self.request(&fetched, &session).await?;
        let ticket = ticket_of(&proof)?;
        let gate_key = self.actor.gate_key().await?;
        let label = &fetched.sealed.label;
        let recovered = shares::gather(&self.actor, &gate_key, label, &ticket, session).await?;

        let length = stored_length(context, &fetched).await?;
        let parameters = Arc::clone(&context.parameters);
        let unlock = move || -> Result<(RecordState, SegmentOpener)> {
            let secret = fetched.decapsulate(&parameters, &key)?;
            let factors = KeyFactors::new(&secret).with_gate(recovered.factor.as_bytes());
            let data_key = fetched
                .access()?
                .open(&factors)
                .map_err(|_| Error::Undecipherable)?;
            let FetchedRecord {
                record,
                preamble,
                tree,
                ..
            } = fetched;
            let opener =
                SegmentOpener::new(&data_key, &preamble, tree, length).map_err(payload_error)?;
            Ok((record, opener))
        };
        let (record, opener) = context.computing.run(unlock).await??;
        Ok(UnlockedPayload {
            context: Arc::clone(context),
            record,
            opener: Arc::new(opener),
            proof,
            ticket,
            shares: recovered.used,
            culprits: recovered.culprits,
        })
    }

    /// The record of the grant, by proof.
    async fn record(&self) -> Result<RecordRef> {
        let found: Option<GrantState> = self.actor.read(keys::grant(&self.grant)).await?;
        let grant = found.ok_or(Error::Denied(Denial::UnknownGrant))?;
        Ok(RecordRef {
            id: grant.record,
            version: grant.version,
        })
    }

    /// Asks the contract for a ticket.
    async fn request(
        &self,
        fetched: &FetchedRecord,
        session: &SessionSecret,
    ) -> Result<ReceiptProof> {
        let request = AccessRequest {
            chain: *self.actor.context().chain.id(),
            grant: self.grant,
            label: fetched.sealed.label.digest(),
            grantee_key: self.actor.verifying_key(),
            session: session.public(),
            purpose: self.purpose,
            nonce: Nonce::random(&mut os_random()),
        };
        let proof = session.prove(&request, &mut os_random());
        let call = Call::RequestAccess {
            request: Box::new(request),
            proof,
        };
        Ok(self.actor.call(&call).await?.proof)
    }
}

impl IntoFuture for Open {
    type Output = Result<Opened>;
    type IntoFuture = BoxFuture<'static, Result<Opened>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(observed("open", self.into_memory()))
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open")
            .field("grant", &self.grant)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// A payload with its key.
struct UnlockedPayload {
    context: Arc<Context>,
    record: RecordState,
    opener: Arc<SegmentOpener>,
    proof: ReceiptProof,
    ticket: Ticket,
    shares: Vec<Digest>,
    culprits: Vec<OrganisationId>,
}

impl UnlockedPayload {
    fn into_access(self, length: u64) -> Access {
        let name_of = |id| self.context.name_of(id);
        Access {
            culprits: self.culprits.iter().map(name_of).collect(),
            receipt: Receipt::new(AccessReceipt::new(self.proof, self.shares)),
            ticket: self.ticket,
            length,
        }
    }

    /// Checks, decrypts and writes every segment in order; returns the bytes written.
    async fn stream(
        &self,
        progress: Option<&Progress>,
        writer: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<u64> {
        let count = self.opener.layout().segment_count();
        let mut done = 0;
        let mut first = 0;
        while first < count {
            let end = count.min(first + CHUNK_SEGMENTS);
            let chunk = self.open_chunk(first..end).await?;
            writer.write_all(&chunk).await?;
            done += chunk.len() as u64;
            if let Some(progress) = progress {
                progress(done);
            }
            first = end;
        }
        writer.flush().await?;
        Ok(done)
    }

    /// The plaintext of some segments: from the first store, and where its copy of a segment is
    /// not the registered one, from the next store that has it.
    async fn open_chunk(&self, segments: Range<u32>) -> Result<Zeroizing<Vec<u8>>> {
        let mut buffer = SegmentBuffer::new(self.opener.layout(), segments)?;
        let mut failure = Error::ObjectUnavailable {
            object: ObjectKind::Payload.name(),
        };
        for store in stores_of(&self.context, &self.record) {
            if let Err(error) = buffer.read_missing(store, &self.record).await {
                tracing::warn!(%error, "a store cannot be read");
                failure = error;
                continue;
            }
            let opener = Arc::clone(&self.opener);
            let open = move || {
                buffer.open_missing(&opener);
                buffer
            };
            buffer = self.context.computing.run(open).await?;
            let Some(index) = buffer.first_missing() else {
                return Ok(buffer.into_plaintext());
            };
            tracing::warn!(
                segment = index,
                "a store's segments are not the registered ones"
            );
            failure = Error::SegmentMismatch {
                index: index.into(),
            };
        }
        Err(failure)
    }
}

/// An empty vector with room for all content: one that grows would leave copies behind. The length
/// is the sealer's word, and may exceed the memory.
fn reserve(length: u64) -> Result<Zeroizing<Vec<u8>>> {
    let capacity = usize::try_from(length).map_err(|error| Error::out_of_memory(length, error))?;
    let mut content = Zeroizing::new(Vec::new());
    content
        .try_reserve_exact(capacity)
        .map_err(|error| Error::out_of_memory(length, error))?;
    Ok(content)
}

/// The length of the stored payload: the registered one if any store has it, else the first that
/// was found.
async fn stored_length(context: &Context, fetched: &FetchedRecord) -> Result<u64> {
    let name = PayloadName::of(&fetched.record).object(ObjectKind::Payload);
    let expected = fetched.tree.layout().sealed_len();
    let mut found = None;
    for store in stores_of(context, &fetched.record) {
        match store.length(name).await {
            Ok(Some(length)) if length == expected => return Ok(length),
            Ok(Some(length)) => {
                tracing::warn!(
                    length,
                    expected,
                    "a store holds a payload of another length"
                );
                found = found.or(Some(length));
            }
            Ok(None) => tracing::warn!("a store lacks the payload"),
            Err(error) => tracing::warn!(%error, "a store cannot be read"),
        }
    }
    found.ok_or(Error::ObjectUnavailable {
        object: ObjectKind::Payload.name(),
    })
}

fn ticket_of(proof: &ReceiptProof) -> Result<Ticket> {
    let ticket = proof.receipt.ticket().cloned();
    ticket.ok_or_else(|| Error::invalid_answer("the receipt of an access request has no ticket"))
}

fn payload_error(error: PayloadError) -> Error {
    match error {
        PayloadError::ObjectTruncated { expected, found } => {
            Error::ObjectTruncated { expected, found }
        }
        PayloadError::ObjectExtended { expected, found } => {
            Error::ObjectExtended { expected, found }
        }
        PayloadError::SegmentMismatch { index } => Error::SegmentMismatch {
            index: index.into(),
        },
        _ => Error::Undecipherable,
    }
}
