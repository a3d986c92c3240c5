//! Opening a record: entitlement, payload, ticket, shares, key, segments, receipt.

use std::future::IntoFuture;
use std::sync::Arc;

use medshare_abe::payload::{Padding, SegmentOpener};
use medshare_abe::{KeyFactors, SharedSecret, UserSecretKey};
use medshare_contract::keys;
use medshare_contract::state::GrantState;
use medshare_ledger::AccessReceipt;
use medshare_threshold::Recovered;
use medshare_types::keystore::BoxFuture;
use medshare_types::{Denial, Digest, GateKey, GrantId, OrganisationId, Purpose, Ticket};
use tokio::io::AsyncWrite;
use zeroize::Zeroizing;

use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::keyring::Keyring;
use crate::observe::{Progress, observed};
use crate::read::payload::{StoredPayload, payload_error};
use crate::read::record::FetchedRecord;
use crate::read::segment_buffer::SegmentBuffer;
use crate::read::session::{Lease, SessionKey};
use crate::read::{own_grant, shares, standing, ticket};
use crate::receipt::Receipt;
use crate::record::RecordRef;
use crate::turns::Queue;

/// A record about to be opened. `.await` it, or stream it with [`Open::write_to`].
///
/// # Uses of a grant
///
/// A ticket takes one use. Before it is requested, everything is checked that can fail without it:
/// that the reader's attribute key satisfies the policy and opens the header, that a store has the
/// payload in its registered length and the first 8 MiB of it byte for byte (of a shorter payload
/// all), that there is memory for content that is wanted in memory, and that as many holders answer
/// as must give shares. Objects that are away or damaged take no use.
///
/// When an opening fails later, or its caller stops waiting for it, its session is kept in the
/// memory of this [`Consortium`](crate::Consortium) and its clones: the request while its outcome is
/// not known, at most an hour; the ticket and the shares until the ticket expires, 2 minutes by
/// default. Opening again under the same grant and purpose goes on with it, and takes no further
/// use. Two openings at once are two accesses, with a ticket each. A session that succeeded is over.
///
/// # Denials after the ticket
///
/// A revocation that comes while shares are gathered is `revoked`, and the end of the window or of
/// the record's bounds `expired`, as if it had come before the request;
/// [`Error::TicketExpired`] is the end of the ticket alone.
#[must_use = "nothing is opened until this is awaited"]
pub struct Open {
    actor: Actor,
    keyring: Keyring,
    consent: Consent,
    purpose: Purpose,
    progress: Option<Progress>,
}

/// The grant that an opening relies on.
#[derive(Clone, Copy, Debug)]
enum Consent {
    Given(GrantId),
    /// The reader is the record's subject, and gives it once nothing else is in the way.
    Own(RecordRef),
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
            consent: Consent::Given(grant),
            purpose: Purpose::Treatment,
            progress: None,
        }
    }

    /// Opens a record as its subject, under a grant to herself.
    pub(super) const fn own(actor: Actor, keyring: Keyring, record: RecordRef) -> Self {
        Self {
            actor,
            keyring,
            consent: Consent::Own(record),
            purpose: Purpose::PatientRequest,
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
        let context = Arc::clone(self.actor.context());
        let turn = context.chain.turn(Queue::Openings).await?;
        let unlocked = self.prepare().await?.unlock().await?;
        drop(turn);
        unlocked.stream(writer).await
    }

    async fn into_memory(self) -> Result<Opened> {
        let context = Arc::clone(self.actor.context());
        let turn = context.chain.turn(Queue::Openings).await?;
        let locked = self.prepare().await?;
        let mut content = reserve(locked.fetched.tree.layout().plaintext_len())?;
        let unlocked = locked.unlock().await?;
        drop(turn);
        let access = unlocked.stream(&mut *content).await?;
        Ok(Opened { access, content })
    }

    /// Everything that can fail without a ticket: no use must be lost on a record that stays shut.
    async fn prepare(self) -> Result<LockedRecord> {
        let context = self.actor.context();
        let record = self.record().await?;
        let fetched = FetchedRecord::fetch(&self.actor, record).await?;
        let is_own = fetched.record.subject == self.keyring.person();
        if matches!(self.consent, Consent::Own(_)) && !is_own {
            // Nor could she give herself a grant.
            return Err(Error::Denied(Denial::NotAuthorised));
        }
        fetched.access()?;
        // Nothing here seals with padding yet.
        if fetched.preamble.padding() != Padding::None {
            return Err(Error::Undecipherable);
        }
        let key = self.keyring.key_for(&fetched.requirement()).await?;
        let gate_key = self.actor.gate_key().await?;
        let label = fetched.sealed.label.digest();
        let payload = StoredPayload::new(Arc::clone(context), fetched.record.clone());
        let (fetched, secret) = decapsulated(&self.actor, fetched, key).await?;
        let first = payload.first_chunk(&fetched.tree).await?;
        let lease = match self.consent {
            Consent::Given(grant) => context.sessions.lease(SessionKey {
                reader: self.actor.verifying_key(),
                grant,
                label,
                purpose: self.purpose,
            }),
            Consent::Own(record) => {
                own_grant::lease(&self.actor, self.keyring.person(), record, label).await?
            }
        };
        if !lease.is_resumed() {
            shares::await_holders(&self.actor, &gate_key).await?;
        }
        Ok(LockedRecord {
            actor: self.actor,
            progress: self.progress,
            fetched,
            secret,
            gate_key,
            payload,
            first,
            lease,
        })
    }

    /// The record, that of the grant by proof.
    async fn record(&self) -> Result<RecordRef> {
        let grant = match self.consent {
            Consent::Given(grant) => grant,
            Consent::Own(record) => return Ok(record),
        };
        let found: Option<GrantState> = self.actor.read(keys::grant(&grant)).await?;
        let grant = found.ok_or(Error::Denied(Denial::UnknownGrant))?;
        Ok(RecordRef {
            id: grant.record,
            version: grant.version,
        })
    }
}

/// K_abe of the record, by the reader's attributes alone: nothing of it needs a ticket.
async fn decapsulated(
    actor: &Actor,
    fetched: FetchedRecord,
    key: UserSecretKey,
) -> Result<(FetchedRecord, SharedSecret)> {
    let parameters = Arc::clone(&actor.context().parameters);
    let work = move || {
        let secret = fetched.decapsulate(&parameters, &key)?;
        Ok((fetched, secret))
    };
    actor.context().computing.run(work).await?
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
            .field("consent", &self.consent)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// A record of which everything is at hand but the gate's factor.
struct LockedRecord {
    actor: Actor,
    progress: Option<Progress>,
    fetched: FetchedRecord,
    secret: SharedSecret,
    gate_key: Arc<GateKey>,
    payload: StoredPayload,
    first: SegmentBuffer,
    lease: Lease,
}

impl LockedRecord {
    /// Ticket, shares, and the payload's key.
    async fn unlock(mut self) -> Result<UnlockedRecord> {
        ticket::obtain(&self.actor, &mut self.lease).await?;
        let recovered = match self.redeem().await {
            Err(error @ (Error::Denied(_) | Error::TicketExpired { .. })) => {
                self.lease.end();
                return Err(error);
            }
            redeemed => redeemed?,
        };
        let Self {
            actor,
            progress,
            fetched,
            secret,
            payload,
            first,
            lease,
            ..
        } = self;
        let factor = recovered.factor;
        let context = Arc::clone(actor.context());
        let work = move || -> Result<SegmentOpener> {
            let factors = KeyFactors::new(&secret).with_gate(factor.as_bytes());
            let data_key = fetched
                .access()?
                .open(&factors)
                .map_err(|_| Error::Undecipherable)?;
            let FetchedRecord { preamble, tree, .. } = fetched;
            let length = tree.layout().sealed_len();
            SegmentOpener::new(&data_key, &preamble, Arc::unwrap_or_clone(tree), length)
                .map_err(payload_error)
        };
        Ok(UnlockedRecord {
            actor,
            progress,
            opener: context.computing.run(work).await??,
            payload,
            first,
            lease,
            shares: recovered.used,
            culprits: recovered.culprits,
        })
    }

    /// The gate's factor, for the lease's ticket.
    async fn redeem(&mut self) -> Result<Recovered> {
        let resumed = self.lease.is_resumed();
        let Some((secret, issued)) = self.lease.ticketed() else {
            return Err(Error::internal("a session without its ticket"));
        };
        let label = &self.fetched.sealed.label;
        if resumed {
            // Shares from before a revocation are not used after it.
            standing::check(&self.actor, &issued.ticket, label).await?;
        }
        shares::gather(&self.actor, &self.gate_key, label, secret, issued).await
    }
}

/// A record with the key of its payload.
struct UnlockedRecord {
    actor: Actor,
    progress: Option<Progress>,
    opener: SegmentOpener,
    payload: StoredPayload,
    first: SegmentBuffer,
    lease: Lease,
    shares: Vec<Digest>,
    culprits: Vec<OrganisationId>,
}

impl UnlockedRecord {
    /// Writes the content, and ends the session only then: a writer that fails costs no use.
    async fn stream(mut self, writer: &mut (impl AsyncWrite + Unpin + Send)) -> Result<Access> {
        let payload = &self.payload;
        let progress = self.progress.as_ref();
        let length = payload
            .stream(self.opener, self.first, progress, writer)
            .await?;
        let Some(issued) = self.lease.end().and_then(|session| session.issued) else {
            return Err(Error::internal("a session without its ticket"));
        };
        let mut culprits = issued.culprits;
        culprits.extend(self.culprits);
        let context = self.actor.context();
        let name_of = |id| context.name_of(id);
        let receipt = AccessReceipt::new(issued.proof, self.shares, &context.chain.light());
        Ok(Access {
            culprits: culprits.iter().map(name_of).collect(),
            receipt: Receipt::new(receipt),
            ticket: issued.ticket,
            length,
        })
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
