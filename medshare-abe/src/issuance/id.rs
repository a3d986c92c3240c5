//! Names of sharings, and of issuers within one.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{ChainId, Digest};

/// Counts the sharings of one secret: shares of different epochs do not mix.
///
/// # Security
/// A new epoch takes nothing back: t shares of an old one are still the master key. Everybody must
/// erase his old share, and who leaves the issuers is kept out only by t − 1 or fewer having kept
/// theirs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct SharingEpoch(pub u32);

impl fmt::Display for SharingEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Place of an issuer in its sharing, from 1: its share is the polynomial's value there.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct IssuerIndex(pub u16);

impl fmt::Display for IssuerIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which sharing of which key a request or a share belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct SharingId {
    /// The chain it is used on.
    pub chain: ChainId,
    /// H(pp) of the key that is shared.
    pub key: Digest,
    /// Which sharing of that key.
    pub epoch: SharingEpoch,
    /// H(authority): issuers, threshold and commitments.
    pub authority: Digest,
}
