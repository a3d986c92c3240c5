//! Trust anchors and receipts, as an application keeps them.

use medshare_ledger::AccessReceipt;
use medshare_types::{ChainId, DecodeError, Genesis, Ticket, Wire};

use crate::error::Result;

/// What a consortium starts from; whoever has it verifies receipts offline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustAnchor(Genesis);

impl TrustAnchor {
    pub(crate) const fn new(genesis: Genesis) -> Self {
        Self(genesis)
    }

    /// The chain it anchors.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        self.0.chain_id()
    }

    /// The genesis itself.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.0
    }

    /// Its canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_wire()
    }

    /// Parses canonical bytes.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Genesis::from_wire(bytes).map(Self)
    }
}

/// That the consortium let somebody read something, when, under which grant and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt(AccessReceipt);

impl Receipt {
    pub(crate) const fn new(receipt: AccessReceipt) -> Self {
        Self(receipt)
    }

    /// Checks it against the trust anchor and returns the ticket that it proves.
    ///
    /// Needs no consortium and no network. It proves the ticket; the list of the shares that were
    /// used is the reader's word until the shares themselves are shown.
    ///
    /// # Errors
    /// [`crate::Error::InvalidProof`] says what does not hold.
    pub fn verify(&self, anchor: &TrustAnchor) -> Result<&Ticket> {
        self.0.verify(&anchor.0).map_err(Into::into)
    }

    /// How many holders' shares the record was opened with.
    #[must_use]
    pub fn share_count(&self) -> usize {
        self.0.shares().len()
    }

    /// Its canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_wire()
    }

    /// Parses canonical bytes.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        AccessReceipt::from_wire(bytes).map(Self)
    }
}
