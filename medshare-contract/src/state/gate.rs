//! Who holds shares of the gate keys, and the ceremony that makes one.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::hash::digest;
use medshare_types::wire::to_borsh;
use medshare_types::{AccessClass, ChainId, Digest, G1Bytes, OrganisationId, Wire};

/// An organisation that holds shares.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Holder {
    /// Which.
    pub organisation: OrganisationId,
    /// The public key its shares are encrypted to; a valid point.
    pub key: G1Bytes,
}

/// The holders of one class of gate keys, and how many of them release.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HolderSet {
    /// In order; a holder's place, from 1, is where the polynomials are evaluated.
    pub holders: Vec<Holder>,
    /// t, a quorum of them.
    pub threshold: u16,
}

impl Wire for HolderSet {
    const KIND: [u8; 4] = *b"mSHO";
}

impl HolderSet {
    /// The index of an organisation, from 0, if it is a holder.
    #[must_use]
    pub fn index_of(&self, organisation: &OrganisationId) -> Option<usize> {
        self.holders
            .iter()
            .position(|holder| holder.organisation == *organisation)
    }
}

/// How far a ceremony is. Vectors are in the order of the holders.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CeremonyState {
    /// The digests of the deals posted; the deals stand at [`crate::keys::deal`].
    pub deals: Vec<Option<Digest>>,
    /// Who acknowledged every deal.
    pub acknowledged: Vec<bool>,
    /// The complaint that stopped it.
    pub stopped: Option<Complaint>,
}

impl Wire for CeremonyState {
    const KIND: [u8; 4] = *b"mSCE";
}

/// Who complained about whose deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Complaint {
    /// Who complained.
    pub accuser: OrganisationId,
    /// About whom.
    pub dealer: OrganisationId,
}

impl CeremonyState {
    /// A ceremony of `holders` holders that has not begun.
    #[must_use]
    pub fn new(holders: usize) -> Self {
        Self {
            deals: vec![None; holders],
            acknowledged: vec![false; holders],
            stopped: None,
        }
    }

    /// The digests of all deals in the order of the holders, once all are there.
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

/// What a holder acknowledges: all deals of a ceremony, `deals` being their digests
/// ([`medshare_types::Deal::digest`]) in the order of the holders.
#[must_use]
pub fn deals_digest(chain: &ChainId, class: AccessClass, deals: &[Digest]) -> Digest {
    digest(
        "medshare/contract/deals/v1",
        &[chain.as_ref(), &to_borsh(&class), &to_borsh(deals)],
    )
}
