//! Names of sharings, and of issuers within one.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{ChainId, Digest};

/// Number of a sharing of one secret. Shares of different epochs do not combine.
///
/// # Security
/// A new epoch revokes nothing: t shares of an old epoch are still the master key. Every issuer must
/// erase its old share; issuers that left are shut out only if at most t − 1 old shares were kept.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct SharingEpoch(pub u32);

impl fmt::Display for SharingEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Index of an issuer in its sharing, from 1. The issuer's share is the polynomial's value at it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct IssuerIndex(pub u16);

impl fmt::Display for IssuerIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies the sharing that a request or a share belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct SharingId {
    /// Chain on which the key is used.
    pub chain: ChainId,
    /// H(pp) of the shared key.
    pub key: Digest,
    /// Number of the sharing among those of the key.
    pub epoch: SharingEpoch,
    /// H(authority): issuers, threshold and commitments.
    pub authority: Digest,
}
