//! Requests of clients to one member, and its responses.
//!
//! Both enums grow at their end: a variant's position is its tag on the wire. Clients trust no
//! response by itself: [`crate::light`] verifies proofs, the gate verifies shares.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::sign::BadSignature;
use medshare_types::wire::to_borsh;
use medshare_types::{
    ChainId, Digest, Epoch, Height, OrganisationId, ReleaseShare, ReplicaId, Signature, SigningKey,
    TicketId, Timestamp, TransactionId, VerifyingKey, Wire, hash,
};

use crate::block::CertifiedHeader;
use crate::light::{BlockReceipts, Boundary, ReceiptProof, StateProof};
use crate::transaction::Transaction;

/// A request of a client to one member.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum RpcRequest {
    /// Submit a transaction for ordering.
    Submit(Box<Transaction>),
    /// Prove the receipt of a transaction, once it is certified.
    ReceiptOf(TransactionId),
    /// Prove the value of a state key, or its absence.
    State(Digest),
    /// Send the newest committed header.
    Tip,
    /// Release the holder's share for a ticket.
    Share(Box<ShareRequest>),
    /// Prove every receipt of the block at this height, once they are certified.
    ReceiptsAt(Height),
    /// Tell how the member itself is.
    Status,
    /// Send the boundaries that end this epoch and those after.
    Boundaries(Epoch),
    /// Tell every change of an organisation's role and credit.
    Explain(ReplicaId),
}

impl RpcRequest {
    /// Milliseconds for which a member delays its answer to [`Self::ReceiptOf`] and
    /// [`Self::ReceiptsAt`] while there is none. Then it answers [`RpcResponse::Pending`], so a
    /// client that waits for so long and the time of an answer knows that the member hangs.
    pub const LONGEST_DELAY_MS: u64 = 2_000;
    /// Boundaries in the answer to one [`Self::Boundaries`]; their bytes are bounded as well.
    pub const MAX_BOUNDARIES: usize = 512;
}

impl Wire for RpcRequest {
    const KIND: [u8; 4] = *b"mREQ";
    const MAX_LEN: usize = Transaction::MAX_LEN + 64;
}

/// A grantee's signed request for one holder's share.
///
/// The signature stops parties other than the ticket's reader from drawing shares, which are blinded
/// for the reader's session key in any case.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ShareRequest {
    /// Ticket that permits the release.
    pub ticket: TicketId,
    /// H(L) of the label, as in the ticket; the holder takes L from its own state.
    pub label: Digest,
    /// The holder addressed; other holders refuse the request.
    pub holder: OrganisationId,
    /// The reader's clock; a holder refuses requests too far from its own.
    pub at: Timestamp,
    /// The grantee's signature of all fields above and the chain.
    pub signature: Signature,
}

impl ShareRequest {
    /// Signs a request with the ticket's grantee key.
    #[must_use]
    pub fn sign(
        chain: &ChainId,
        ticket: TicketId,
        label: Digest,
        holder: OrganisationId,
        at: Timestamp,
        grantee: &SigningKey,
    ) -> Self {
        let mut request = Self {
            ticket,
            label,
            holder,
            at,
            signature: Signature::from_bytes([0; 64]),
        };
        request.signature = grantee.sign(&request.statement(chain));
        request
    }

    /// Checks the grantee's signature. Cost: one Ed25519 verification.
    ///
    /// # Errors
    /// [`BadSignature`] when `grantee` did not sign it for this chain.
    pub fn verify(&self, chain: &ChainId, grantee: &VerifyingKey) -> Result<(), BadSignature> {
        grantee.verify(&self.statement(chain), &self.signature)
    }

    /// The digest that the grantee signs.
    #[must_use]
    pub fn statement(&self, chain: &ChainId) -> Digest {
        let fields = to_borsh(&(&self.ticket, &self.label, &self.holder, self.at));
        hash::digest(
            "medshare/ledger/share-request/v1",
            &[chain.as_ref(), &fields],
        )
    }
}

/// A member's response to an [`RpcRequest`].
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum RpcResponse {
    /// The transaction waits in the pool to be ordered.
    Accepted(TransactionId),
    /// The transaction's receipt and its proof.
    Receipt(Box<ReceiptProof>),
    /// The receipt is not ordered or not certified yet; ask again.
    Pending,
    /// The state key's value or absence, and its proof.
    State(Box<StateProof>),
    /// Newest committed header and its certificate.
    Tip(Box<CertifiedHeader>),
    /// The holder's release share.
    Share(Box<ReleaseShare>),
    /// The member refused the request.
    Refused(RpcRefusal),
    /// Every receipt of a block and their proof.
    Receipts(Box<BlockReceipts>),
    /// The member's account of itself.
    Status(Box<MemberStatus>),
    /// Boundaries from the epoch asked for on, ascending: none where it has not ended, and maybe not
    /// all.
    Boundaries(Vec<Boundary>),
    /// Encoded changes of an organisation, which the member derived from the chain.
    Explanation(Vec<u8>),
}

impl Wire for RpcResponse {
    const KIND: [u8; 4] = *b"mRSP";
    const MAX_LEN: usize = StateProof::MAX_LEN + 64;
}

impl RpcResponse {
    /// Refuses a request. The detail is for people.
    #[must_use]
    pub fn refused(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self::Refused(RpcRefusal::new(code, detail))
    }
}

/// A member's account of itself: only its tip can be verified.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct MemberStatus {
    /// Newest committed header and its certificate; `None` before the first block.
    pub tip: Option<CertifiedHeader>,
    /// The member's clock.
    pub clock: Timestamp,
    /// The seat that proposes blocks, in the member's view.
    pub primary: ReplicaId,
    /// Transactions that wait to be ordered.
    pub waiting: u32,
    /// Bytes that the member may still write to its disk, where its system tells.
    pub disk_free: Option<u64>,
    /// True while the member does not know its own votes, and signs nothing that they may contradict.
    pub lost: bool,
    /// True when the member should hold a share of the gate key, and has none.
    pub lacks_share: bool,
    /// Why it refuses requests for the time being.
    pub refusing: Option<Refusing>,
}

/// Why a member refuses requests for the time being. It goes on by itself once `needed` bytes are
/// free; `since` is by its own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the type names the fields")]
pub enum Refusing {
    /// Its disk has little room left: it votes and answers, and takes no new transactions.
    DiskLow { since: Timestamp, needed: u64 },
    /// A write failed for want of room: it neither votes nor answers.
    DiskFull { since: Timestamp, needed: u64 },
}

/// A member's reasoned refusal of a request.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RpcRefusal {
    /// Stable kind, for programs.
    pub code: RefusalCode,
    /// Text for people; never trusted, never secret.
    pub detail: String,
}

impl RpcRefusal {
    /// The detail is for people.
    #[must_use]
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }
}

impl core::fmt::Display for RpcRefusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "the member refused: {} ({})", self.detail, self.code)
    }
}

/// A client's error can have a refusal as its source.
impl core::error::Error for RpcRefusal {}

/// Kinds of refusal; a variant's position is its tag on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum RefusalCode {
    /// The bytes are not a request that this member knows.
    Undecodable,
    /// The signature of the request or transaction does not verify.
    BadSignature,
    /// The request is for another chain or another member.
    Misdirected,
    /// The member has no such transaction, ticket or label.
    Unknown,
    /// No root is certified yet for a proof to lead to.
    NotYetCertified,
    /// The member's queues are full.
    Overloaded,
    /// The member's own state, or the request's time, is too old or too new.
    Stale,
    /// The ticket, its grant or the label does not allow a release now.
    NotReleasable,
    /// The member has no share of that gate key.
    NotHolder,
    /// The member failed; not the caller's fault.
    Internal,
    /// The ticket's grant was revoked in the member's own state.
    Revoked,
    /// The ticket, its grant's window or the label is over by the member's own state and clock.
    Expired,
    /// The member's disk has too little room; it goes on once there is more.
    DiskFull,
}

impl RefusalCode {
    /// Stable code for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::BadSignature => "bad_signature",
            Self::Misdirected => "misdirected",
            Self::Unknown => "unknown",
            Self::NotYetCertified => "not_yet_certified",
            Self::Overloaded => "overloaded",
            Self::Stale => "stale",
            Self::NotReleasable => "not_releasable",
            Self::NotHolder => "not_holder",
            Self::Internal => "internal",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::DiskFull => "disk_full",
        }
    }

    /// True when the same request may succeed later, at the same member.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Unknown | Self::NotYetCertified | Self::Overloaded | Self::Stale | Self::DiskFull
        )
    }
}

impl core::fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.code())
    }
}
