//! What a member answers to clients, as bytes.
//!
//! Both enums grow at their end: a variant's place is its tag on the wire. Nothing in an answer
//! is to be believed because a member gave it: proofs are for [`crate::light`], shares for the
//! gate.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::sign::BadSignature;
use medshare_types::wire::to_borsh;
use medshare_types::{
    ChainId, Digest, Height, OrganisationId, ReleaseShare, Signature, SigningKey, TicketId,
    Timestamp, TransactionId, VerifyingKey, Wire, hash,
};

use crate::block::CertifiedHeader;
use crate::light::{BlockReceipts, ReceiptProof, StateProof};
use crate::transaction::Transaction;

/// What a client asks of one member.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum RpcRequest {
    /// Order this transaction.
    Submit(Box<Transaction>),
    /// How did this transaction end?
    ReceiptOf(TransactionId),
    /// What does this key hold?
    State(Digest),
    /// What is your newest committed header?
    Tip,
    /// Release your share for a ticket.
    Share(Box<ShareRequest>),
    /// What did the transactions of the block at this height come to?
    ReceiptsAt(Height),
}

impl Wire for RpcRequest {
    const KIND: [u8; 4] = *b"mREQ";
    const MAX_LEN: usize = Transaction::MAX_LEN + 64;
}

/// A grantee's signed request for one holder's share. The signature keeps shares from being drawn
/// by others than the ticket's reader; a share is blinded for the reader's session key anyway.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ShareRequest {
    /// The ticket it is asked under.
    pub ticket: TicketId,
    /// H(L) of the label, as in the ticket; the holder takes L from its own state.
    pub label: Digest,
    /// The holder it is meant for; another one ignores it.
    pub holder: OrganisationId,
    /// The reader's clock; a holder refuses what is too old or too new for its own.
    pub at: Timestamp,
    /// The grantee's signature over all of the above and the chain.
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

    /// What the grantee signs.
    #[must_use]
    pub fn statement(&self, chain: &ChainId) -> Digest {
        let fields = to_borsh(&(&self.ticket, &self.label, &self.holder, self.at));
        hash::digest(
            "medshare/ledger/share-request/v1",
            &[chain.as_ref(), &fields],
        )
    }
}

/// What the member answers.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum RpcResponse {
    /// The transaction waits to be ordered.
    Accepted(TransactionId),
    /// How the transaction ended.
    Receipt(Box<ReceiptProof>),
    /// Not ordered yet, or not yet certified.
    Pending,
    /// What the key holds.
    State(Box<StateProof>),
    /// The newest committed header.
    Tip(Box<CertifiedHeader>),
    /// The member's share.
    Share(Box<ReleaseShare>),
    /// No, and why.
    Refused(RpcRefusal),
    /// What the transactions of a block came to.
    Receipts(Box<BlockReceipts>),
}

impl Wire for RpcResponse {
    const KIND: [u8; 4] = *b"mRSP";
    const MAX_LEN: usize = StateProof::MAX_LEN + 64;
}

impl RpcResponse {
    /// A refusal with something to read.
    #[must_use]
    pub fn refused(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self::Refused(RpcRefusal::new(code, detail))
    }
}

/// Why a member did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, thiserror::Error)]
#[error("the member refused: {detail} ({code})")]
pub struct RpcRefusal {
    /// For programs.
    pub code: RefusalCode,
    /// For people; never trusted, never secret.
    pub detail: String,
}

impl RpcRefusal {
    /// A refusal with something to read.
    #[must_use]
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }
}

/// The kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum RefusalCode {
    /// The bytes are no request that this member knows.
    Undecodable,
    /// A signature does not verify.
    BadSignature,
    /// The request is for another chain or another member.
    Misdirected,
    /// No such transaction, ticket or label here.
    Unknown,
    /// No root is certified yet that a proof could lead to.
    NotYetCertified,
    /// The member has too much to do.
    Overloaded,
    /// The member's own state, or the request's time, is too old or too new.
    Stale,
    /// The ticket, its grant or the label does not allow a release now.
    NotReleasable,
    /// The member has no share of that gate key.
    NotHolder,
    /// The member failed.
    Internal,
}

impl RefusalCode {
    /// A stable code for programs.
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
        }
    }

    /// Whether the same request may succeed later, at the same member.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Unknown | Self::NotYetCertified | Self::Overloaded | Self::Stale
        )
    }
}

impl core::fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.code())
    }
}
