//! Trust anchors and receipts, in the form that applications keep.

use medshare_ledger::AccessReceipt;
use medshare_types::{ChainId, Genesis, Ticket, Wire};

use crate::error::{Error, Result};

/// The genesis of a consortium. It is public, and enough to verify receipts offline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustAnchor(Genesis);

impl TrustAnchor {
    pub(crate) const fn new(genesis: Genesis) -> Self {
        Self(genesis)
    }

    /// The identifier of the chain, a digest of the genesis.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        self.0.chain_id()
    }

    /// Members, keys and parameters at the start of the chain.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.0
    }

    /// The canonical encoding, which [`Self::from_bytes`] parses.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_wire()
    }

    /// Parses the canonical encoding.
    ///
    /// # Errors
    /// [`Error::InvalidGenesis`] for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let genesis = Genesis::from_wire(bytes).map_err(Error::invalid_genesis)?;
        Ok(Self(genesis))
    }
}

/// The proof that the consortium allowed an access: of which record, by which person, when, under
/// which grant and for which purpose.
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
    /// [`crate::Error::InvalidProof`] names the check that failed.
    pub fn verify(&self, anchor: &TrustAnchor) -> Result<&Ticket> {
        let verified = self.0.verify(&anchor.0);
        verified.map_err(|source| Error::InvalidProof {
            what: "the receipt",
            source,
        })
    }

    /// The number of holders' shares that the record was opened with.
    #[must_use]
    pub fn share_count(&self) -> usize {
        self.0.shares().len()
    }

    /// The canonical encoding, which [`Self::from_bytes`] parses.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_wire()
    }

    /// Parses the canonical encoding.
    ///
    /// # Errors
    /// [`Error::Damaged`] for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let receipt = AccessReceipt::from_wire(bytes).map_err(|source| Error::Damaged {
            what: "the receipt",
            source: Box::new(source),
        })?;
        Ok(Self(receipt))
    }
}
