//! Trust anchors and receipts, in the form that applications keep.

use std::sync::Arc;
use std::time::Duration;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_ledger::light::TRUST_PERIOD;
use medshare_ledger::{AccessReceipt, Anchor, LightClient};
use medshare_types::{ChainId, Genesis, Ticket, Timestamp, Wire};

use crate::error::{Error, Result};

/// The most ends of epochs in a trust anchor; the newest stay.
const MAX_ANCHORS: usize = 16;

/// The genesis of a consortium, and ends of later epochs that its owner trusts besides. It is public,
/// and enough to verify receipts offline.
///
/// The committee of a consortium changes its keys with every epoch, at least an hour each. A verifier
/// follows from one to the next, from the genesis or from the end of an epoch, but not over more than
/// [90 days](Self::TRUST_PERIOD): of longer ago old keys could tell another history. So applications
/// that were away for longer, and verifiers of later receipts, get a newer trust anchor from a source
/// that they trust: [`Consortium::trust_anchor`](crate::Consortium::trust_anchor) exports one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustAnchor {
    genesis: Arc<Genesis>,
    /// One an epoch, by ascending epochs.
    ends: Vec<Anchor>,
}

/// The encoding of a trust anchor that has more than a genesis.
#[derive(BorshSerialize, BorshDeserialize)]
struct Anchored {
    genesis: Genesis,
    ends: Vec<Anchor>,
}

impl Wire for Anchored {
    const KIND: [u8; 4] = *b"mTAN";
    const MAX_LEN: usize = Genesis::MAX_LEN + MAX_ANCHORS * Anchor::MAX_LEN;
}

impl TrustAnchor {
    /// How long a verifier may follow from an end of an epoch after it.
    pub const TRUST_PERIOD: Duration = TRUST_PERIOD;

    /// Trusts the genesis alone, no later anchor.
    #[must_use]
    pub fn new(genesis: Genesis) -> Self {
        Self {
            genesis: Arc::new(genesis),
            ends: Vec::new(),
        }
    }

    /// The same with the end of another epoch, if it is newer.
    pub(crate) fn with(&self, newest: Option<Anchor>) -> Self {
        let mut ends = self.ends.clone();
        let epoch = ends.last().map(|end| end.header.epoch);
        ends.extend(newest.filter(|newest| Some(newest.header.epoch) > epoch));
        let surplus = ends.len().saturating_sub(MAX_ANCHORS);
        ends.drain(..surplus);
        Self {
            genesis: Arc::clone(&self.genesis),
            ends,
        }
    }

    /// A client that trusts this.
    pub(crate) fn light(&self) -> Result<LightClient> {
        let mut light = LightClient::new(&self.genesis).map_err(Error::invalid_genesis)?;
        for end in &self.ends {
            light.trust(end).map_err(Error::invalid_genesis)?;
        }
        Ok(light)
    }

    /// The identifier of the chain, a digest of the genesis.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        self.genesis.chain_id()
    }

    /// Members, keys and parameters at the start of the chain.
    #[must_use]
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Block time of the newest end of an epoch in it; that of the founding where there is none.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        let newest = self.ends.last();
        newest.map_or(self.genesis.created, |newest| newest.header.time)
    }

    /// The canonical encoding, which [`Self::from_bytes`] parses. That of a genesis alone is the
    /// genesis' own.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let genesis = &*self.genesis;
        if self.ends.is_empty() {
            return genesis.to_wire();
        }
        let (genesis, ends) = (genesis.clone(), self.ends.clone());
        Anchored { genesis, ends }.to_wire()
    }

    /// Parses the canonical encoding.
    ///
    /// # Errors
    /// [`Error::InvalidGenesis`] for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if !bytes.starts_with(&Anchored::KIND) {
            let genesis = Genesis::from_wire(bytes).map_err(Error::invalid_genesis)?;
            return Ok(Self::new(genesis));
        }
        let Anchored { genesis, ends } =
            Anchored::from_wire(bytes).map_err(Error::invalid_genesis)?;
        let ascending = ends.is_sorted_by(|a, b| a.header.epoch < b.header.epoch);
        if !ascending || ends.is_empty() || ends.len() > MAX_ANCHORS {
            return Err(Error::invalid_genesis(
                "its ends of epochs are out of order",
            ));
        }
        let anchor = Self {
            genesis: Arc::new(genesis),
            ends,
        };
        anchor.light()?;
        Ok(anchor)
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
    /// Needs no consortium and no network: the receipt carries what leads from the trust anchor of its
    /// application to the committee that certified it, up to 90 days of epochs. It proves the ticket;
    /// the list of the shares that were used is the reader's word until the shares themselves are
    /// shown.
    ///
    /// The verifier's anchor may be the one that the application was joined with, or any exported by it
    /// before or after. An anchor that is too old, or was made without knowledge of the application's,
    /// fails with the epoch from which a newer one must come.
    ///
    /// # Security
    /// It reads no clock. With an anchor whose [`as_of`](TrustAnchor::as_of) is over 90 days ago, a
    /// receipt of a later epoch may be the work of stolen keys of that time.
    ///
    /// # Errors
    /// [`crate::Error::InvalidProof`] names the check that failed; [`Error::InvalidGenesis`].
    pub fn verify(&self, anchor: &TrustAnchor) -> Result<&Ticket> {
        let verified = self.0.verify(&anchor.light()?);
        verified.map_err(|source| Error::InvalidProof {
            what: "the receipt",
            source,
        })
    }

    /// Leaves out what a verifier with this trust anchor has no need of. Receipts carry a boundary for
    /// each epoch since the trust anchor of their application, 0.8 kB with 4 members and 3.9 kB with 31,
    /// 24 a day: an archive of many receipts keeps newer anchors instead.
    pub fn rebase(&mut self, anchor: &TrustAnchor) {
        for end in &anchor.ends {
            self.0.rebase(end);
        }
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
