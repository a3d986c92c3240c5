//! Holders of the gate keys, and the ceremony that makes a key.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::hash::digest;
use medshare_types::wire::to_borsh;
use medshare_types::{AccessClass, ChainId, Digest, G1Bytes, OrganisationId, Wire};

/// An organisation that holds shares of a gate key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Holder {
    /// Identifier of the organisation.
    pub organisation: OrganisationId,
    /// H, the key that its shares are encrypted to; a valid point.
    pub key: G1Bytes,
}

/// The holders of one class of gate keys, and their threshold.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HolderSet {
    /// In order; the polynomials are evaluated at a holder's index, from 1.
    pub holders: Vec<Holder>,
    /// t, a quorum of the holders.
    pub threshold: u16,
}

impl Wire for HolderSet {
    const KIND: [u8; 4] = *b"mSHO";
}

impl HolderSet {
    /// Index of an organisation, from 0; `None` if it is not a holder.
    #[must_use]
    pub fn index_of(&self, organisation: &OrganisationId) -> Option<usize> {
        self.holders
            .iter()
            .position(|holder| holder.organisation == *organisation)
    }
}

/// Progress of a ceremony. Vectors are in the order of the holders.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CeremonyState {
    /// Digests of the posted deals; the deals are at [`crate::keys::deal`].
    pub deals: Vec<Option<Digest>>,
    /// True for holders that acknowledged every deal.
    pub acknowledged: Vec<bool>,
    /// The complaint that stopped the ceremony, if any.
    pub stopped: Option<Complaint>,
}

impl Wire for CeremonyState {
    const KIND: [u8; 4] = *b"mSCE";
}

/// The complaint of one holder about another's deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Complaint {
    /// The holder that complained.
    pub accuser: OrganisationId,
    /// The holder whose deal it was.
    pub dealer: OrganisationId,
}

impl CeremonyState {
    /// A ceremony that has not begun, for `holders` holders.
    #[must_use]
    pub fn new(holders: usize) -> Self {
        Self {
            deals: vec![None; holders],
            acknowledged: vec![false; holders],
            stopped: None,
        }
    }

    /// The digests of all deals, in the order of the holders, once all are posted.
    ///
    /// # Errors
    /// The index of the first holder whose deal is missing.
    pub fn all_deals(&self) -> Result<Vec<Digest>, usize> {
        self.deals
            .iter()
            .enumerate()
            .map(|(index, deal)| deal.ok_or(index))
            .collect()
    }
}

/// The digest that a holder acknowledges: all deals of a ceremony, given by their digests
/// ([`medshare_types::Deal::digest`]) in the order of the holders.
#[must_use]
pub fn deals_digest(chain: &ChainId, class: AccessClass, deals: &[Digest]) -> Digest {
    digest(
        "medshare/contract/deals/v1",
        &[chain.as_ref(), &to_borsh(&class), &to_borsh(deals)],
    )
}
