//! Opening a record: entitlement, ticket, shares, key, segments, receipt.

use std::future::IntoFuture;
use std::ops::Range;
use std::sync::Arc;

use medshare_abe::KeyFactors;
use medshare_abe::PayloadError;
use medshare_abe::payload::{Padding, SegmentOpener};
use medshare_contract::Call;
use medshare_contract::state::RecordState;
use medshare_ledger::AccessReceipt;
use medshare_threshold::SessionSecret;
use medshare_types::consent::AccessRequest;
use medshare_types::keystore::BoxFuture;
use medshare_types::{
    Denial, Digest, GrantId, Nonce, OrganisationId, Purpose, Ticket, TransactionReceipt,
};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

use crate::chain::Effect;
use crate::error::{Error, Result};
use crate::observe::observed;
use crate::person::Person;
use crate::read::record::{Located, stores_of};
use crate::read::segment_buffer::PartBuffer;
use crate::read::shares;
use crate::receipt::Receipt;
use crate::record::Record;
use crate::store::objects::{Part, PayloadName};
use crate::write::content::{PART_SEGMENTS, Progress};
use medshare_host::blocking;
use medshare_host::os_random;

/// A record about to be opened. `.await` it, or stream it with [`Open::write_to`].
#[must_use = "nothing is opened until this is awaited"]
pub struct Open {
    person: Person,
    grant: GrantId,
    purpose: Purpose,
    progress: Option<Progress>,
}

/// How a record was opened.
#[derive(Clone, Debug)]
pub struct Access {
    receipt: Receipt,
    ticket: Ticket,
    length: u64,
    liars: Vec<String>,
}

impl Access {
    /// The proof, for whoever asks later.
    #[must_use]
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The ticket that the consortium issued.
    #[must_use]
    pub const fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Bytes of content.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Organisations whose release share was found to be wrong, by name.
    #[must_use]
    pub fn liars(&self) -> &[String] {
        &self.liars
    }
}

/// An opened record, in memory. The content is erased when dropped.
pub struct Opened {
    access: Access,
    content: Zeroizing<Vec<u8>>,
}

impl Opened {
    /// The content.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.content
    }

    /// How it was opened.
    #[must_use]
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// The proof, for whoever asks later.
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
    pub(crate) fn new(person: Person, grant: GrantId, purpose: Purpose) -> Self {
        Self {
            person,
            grant,
            purpose,
            progress: None,
        }
    }

    /// Why the record is opened; treatment unless said.
    pub const fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Calls `progress` with the bytes opened so far, about every 8 MiB.
    pub fn on_progress(mut self, progress: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// Writes the content to `writer` as it is checked and decrypted, segment by segment, with
    /// memory that does not grow with it but for 32 bytes for each 64 KiB.
    ///
    /// Every byte that reaches the writer is the sealed one; after an error the writer has the
    /// front part of the content and no more. Write to a file of its own and rename it.
    ///
    /// # Errors
    /// [`Error`]; the denials and the ways in which stored objects can be wrong have a code each.
    pub async fn write_to(self, writer: &mut (impl AsyncWrite + Unpin + Send)) -> Result<Access> {
        observed("open", self.into_writer(writer)).await
    }

    async fn into_writer(self, writer: &mut (impl AsyncWrite + Unpin + Send)) -> Result<Access> {
        let (opening, effect, ticket) = self.unlock().await?;
        let access = opening.stream(self.progress.as_ref(), writer).await;
        access.map(|length| opening.finish(effect, ticket, length))
    }

    async fn into_memory(self) -> Result<Opened> {
        let (opening, effect, ticket) = self.unlock().await?;
        // Room for all of it at once: a vector that grows leaves copies behind.
        let capacity = usize::try_from(opening.opener.layout().plaintext_len());
        let capacity = capacity.map_err(|error| Error::Io {
            source: std::io::Error::other(error),
        })?;
        // The length is the sealer's word, and may be more than there is memory.
        let mut content = Zeroizing::new(Vec::new());
        let reserved = content.try_reserve_exact(capacity);
        reserved.map_err(|error| Error::Io {
            source: std::io::Error::new(std::io::ErrorKind::OutOfMemory, error),
        })?;
        let length = opening
            .stream(self.progress.as_ref(), &mut *content)
            .await?;
        Ok(Opened {
            access: opening.finish(effect, ticket, length),
            content,
        })
    }

    /// Everything up to the payload's key.
    async fn unlock(&self) -> Result<(Opening, Effect, Ticket)> {
        let person = &self.person;
        let grant = person.grant_state(&self.grant).await?;
        let record = Record {
            id: grant.record,
            version: grant.version,
        };
        let located = Located::fetch(person, record).await?;
        // Before a ticket is asked for: a use is not to be lost on a record that stays shut.
        located.access()?;
        // Nothing here seals with padding yet.
        if located.preamble.padding() != Padding::None {
            return Err(Error::Undecipherable);
        }
        let key = located.key_of(person).await?;

        let session = SessionSecret::new(&mut os_random());
        let effect = self.request(&located, &session).await?;
        let ticket = ticket_of(&effect.proof.receipt)?;
        let gate_key = person.consortium.inner.gate_key(person.home).await?;
        let label = &located.sealed.label;
        let recovered = shares::gather(person, &gate_key, label, &ticket, session).await?;

        let store = Self::sized_store(person, &located).await;
        let owner = person.clone();
        let work = move || -> Result<Opening> {
            let secret = located.decapsulate(&owner, &key)?;
            let access = located.access()?;
            let factors = KeyFactors::new(&secret).with_gate(recovered.factor.as_bytes());
            let data_key = access.open(&factors).map_err(|_| Error::Undecipherable)?;
            let length = store?;
            let Located {
                record,
                preamble,
                tree,
                ..
            } = located;
            let opener = SegmentOpener::new(&data_key, &preamble, tree, length);
            Ok(Opening {
                person: owner,
                record,
                opener: Arc::new(opener.map_err(payload_error)?),
                shares: recovered.used,
                liars: recovered.culprits,
            })
        };
        let opening = blocking(work).await??;
        Ok((opening, effect, ticket))
    }

    /// Asks the contract for a ticket.
    async fn request(&self, located: &Located, session: &SessionSecret) -> Result<Effect> {
        let person = &self.person;
        let chain = &person.consortium.inner.chain;
        let request = AccessRequest {
            chain: *chain.id(),
            grant: self.grant,
            label: located.sealed.label.digest(),
            grantee_key: person.signer.verifying_key(),
            session: session.public(),
            purpose: self.purpose,
            nonce: Nonce::random(&mut os_random()),
        };
        let proof = session.prove(&request, &mut os_random());
        let call = Call::RequestAccess {
            request: Box::new(request),
            proof,
        };
        chain
            .call(person.home, (*person.id()).into(), &*person.signer, &call)
            .await
    }

    /// The length of a stored payload: the right one if any store has it, else what was found.
    async fn sized_store(person: &Person, located: &Located) -> Result<u64> {
        let name = PayloadName::of(&located.record).object(Part::Payload);
        let expected = located.tree.layout().sealed_len();
        let mut found = None;
        for store in stores_of(person, &located.record) {
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
            object: Part::Payload.name(),
        })
    }
}

impl IntoFuture for Open {
    type Output = Result<Opened>;
    type IntoFuture = BoxFuture<'static, Result<Opened>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(observed("open", self.into_memory()))
    }
}

/// A payload whose key is there.
struct Opening {
    person: Person,
    record: RecordState,
    opener: Arc<SegmentOpener>,
    shares: Vec<Digest>,
    liars: Vec<OrganisationId>,
}

impl Opening {
    fn finish(&self, effect: Effect, ticket: Ticket, length: u64) -> Access {
        let receipt = Receipt::new(AccessReceipt::new(
            effect.proof,
            self.shares.iter().copied(),
        ));
        let name_of = |id| self.person.consortium.inner.name_of(id);
        Access {
            receipt,
            ticket,
            length,
            liars: self.liars.iter().map(name_of).collect(),
        }
    }

    /// Checks, decrypts and writes every segment in order.
    async fn stream(
        &self,
        progress: Option<&Progress>,
        writer: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<u64> {
        let layout = self.opener.layout();
        let mut done = 0;
        let mut first = 0;
        while first < layout.segment_count() {
            let count = (layout.segment_count() - first).min(PART_SEGMENTS as u32);
            let part = self.open_part(first..first + count).await?;
            writer.write_all(&part).await?;
            done += part.len() as u64;
            if let Some(progress) = progress {
                progress(done);
            }
            first += count;
        }
        writer.flush().await?;
        Ok(done)
    }

    /// The plaintext of some segments: from the first store, and where its copy of a segment is
    /// not the registered one, from whichever store has that.
    async fn open_part(&self, segments: Range<u32>) -> Result<Zeroizing<Vec<u8>>> {
        let mut part = PartBuffer::new(self.opener.layout(), segments);
        let mut failure = None;
        for store in stores_of(&self.person, &self.record) {
            if let Err(error) = part.read_missing(store, &self.record).await {
                tracing::warn!(%error, "a store cannot be read");
                failure = Some(error);
                continue;
            }
            let opener = Arc::clone(&self.opener);
            let open = move || {
                part.open_missing(&opener);
                part
            };
            part = blocking(open).await?;
            if part.missing.is_empty() {
                return Ok(part.into_plaintext());
            }
            tracing::warn!(segments = ?part.missing, "not the segments that were registered");
            failure = None;
        }
        let index = part.missing.first().copied().unwrap_or_default();
        Err(failure.unwrap_or(Error::SegmentMismatch {
            index: index.into(),
        }))
    }
}

fn ticket_of(receipt: &TransactionReceipt) -> Result<Ticket> {
    let ticket = receipt.ticket().cloned();
    ticket.ok_or(Error::Denied(Denial::Undecodable))
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
