//! The error of a key ceremony, public side and holder's side alike.

use core::slice;

use medshare_curve::EncodingError;
use medshare_types::OrganisationId;

/// A set-up, a deal or a set of deals that makes no gate key.
///
/// [`Self::culprits`] names the holders that a complaint can be directed at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum CeremonyError {
    /// Unless 1 ≤ t ≤ n ≤ 1024 and the holders are distinct.
    #[error("not a holder set: {holders} holders, not all distinct or unfit for t = {threshold}")]
    InvalidHolders { holders: usize, threshold: u16 },
    /// A holder's encryption key is not a valid G1 point, or is the identity.
    #[error("the encryption key of {holder} is invalid")]
    InvalidHolderKey {
        holder: OrganisationId,
        source: EncodingError,
    },
    #[error("{organisation} is not a holder")]
    NotAHolder { organisation: OrganisationId },
    #[error("the key pair is not the one that {holder} registered")]
    WrongKeyPair { holder: OrganisationId },
    /// The contributions do not add up to the share that the gate key names for this holder.
    #[error("the contributions do not add up to the public share of {holder}")]
    InconsistentShare { holder: OrganisationId },

    /// The dealer is not a holder, deals twice, or comes out of the holders' order.
    #[error("the dealer {dealer} is not a holder, repeated or out of order")]
    UnexpectedDealer { dealer: OrganisationId },
    /// `expected` is the threshold.
    #[error("{dealer} committed to {found} coefficients instead of {expected}")]
    CommitmentCount {
        dealer: OrganisationId,
        expected: usize,
        found: usize,
    },
    /// `expected` is the number of holders.
    #[error("{dealer} dealt {found} shares to {expected} holders")]
    ShareCount {
        dealer: OrganisationId,
        expected: usize,
        found: usize,
    },
    /// Not a valid G2 point, or the identity. `index` counts coefficients from 0.
    #[error("commitment {index} of {dealer} is invalid")]
    InvalidCommitment {
        dealer: OrganisationId,
        index: usize,
        source: EncodingError,
    },
    /// Not a valid G1 point, or the identity. `index` counts holders from 0.
    #[error("the ephemeral key of {dealer} for holder {index} is invalid")]
    InvalidEphemeral {
        dealer: OrganisationId,
        index: usize,
        source: EncodingError,
    },
    /// Seen by the receiving holder alone.
    #[error("the share dealt by {dealer} does not decrypt")]
    Undecryptable { dealer: OrganisationId },
    /// Seen by the receiving holder alone.
    #[error("the share dealt by {dealer} contradicts its commitments")]
    WrongShare { dealer: OrganisationId },

    /// With fewer deals than a quorum, every dealer might be corrupt.
    #[error("{found} deals, at least {needed} are needed")]
    TooFewDeals { needed: usize, found: usize },
    /// The deals cancel each other: Y is the identity.
    #[error("the deals add up to the identity")]
    DegenerateKey,
    /// The deals cancel each other at one holder: Y_j is the identity.
    ///
    /// Only that holder, dealing last, sees the others' f_i(j) and can choose its own against them.
    #[error("the deals add up to the identity for {holder}")]
    DegenerateShare { holder: OrganisationId },
}

impl CeremonyError {
    /// The holder at fault; empty when the fault cannot be attributed or is the caller's own.
    #[must_use]
    pub const fn culprits(&self) -> &[OrganisationId] {
        match self {
            Self::CommitmentCount { dealer, .. }
            | Self::ShareCount { dealer, .. }
            | Self::InvalidCommitment { dealer, .. }
            | Self::InvalidEphemeral { dealer, .. }
            | Self::Undecryptable { dealer }
            | Self::WrongShare { dealer }
            | Self::DegenerateShare { holder: dealer } => slice::from_ref(dealer),
            // The order and the set of the deals are the caller's.
            Self::UnexpectedDealer { .. }
            | Self::InvalidHolders { .. }
            | Self::InvalidHolderKey { .. }
            | Self::NotAHolder { .. }
            | Self::WrongKeyPair { .. }
            | Self::InconsistentShare { .. }
            | Self::TooFewDeals { .. }
            | Self::DegenerateKey => &[],
        }
    }
}
