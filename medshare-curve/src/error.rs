//! Why bytes are no point or scalar, and why a deal is no deal.

use medshare_types::OrganisationId;

/// Why bytes are not a point or a scalar that may be computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// Another byte string encodes the same value, or none does: flags, or a number not reduced.
    #[error("the encoding is not canonical")]
    NotCanonical,
    /// No point of the curve has this x.
    #[error("the point is not on the curve")]
    NotOnCurve,
    /// The point is on the curve and outside the subgroup of order r.
    #[error("the point is not in the prime-order subgroup")]
    NotInSubgroup,
    /// The point at infinity.
    #[error("the point is the identity")]
    Identity,
}

/// Why a set of deals makes no gate key. Every variant that a dealer can cause names the dealer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DealError {
    /// The threshold or the number of holders is outside 1 ≤ t ≤ n ≤ 1024, or a holder repeats.
    #[error("{holders} holders with threshold {threshold} make no set of holders")]
    InvalidHolders {
        /// Holders given.
        holders: usize,
        /// Threshold given.
        threshold: u16,
    },
    /// The deal has not exactly t commitments.
    #[error("{dealer} committed to {found} coefficients where {expected} are needed")]
    CommitmentCount {
        /// Whose deal.
        dealer: OrganisationId,
        /// Commitments needed.
        expected: usize,
        /// Commitments given.
        found: usize,
    },
    /// The deal has not exactly one share for each holder.
    #[error("{dealer} dealt {found} shares to {expected} holders")]
    ShareCount {
        /// Whose deal.
        dealer: OrganisationId,
        /// Holders.
        expected: usize,
        /// Shares given.
        found: usize,
    },
    /// A commitment is no point of G2, or is the identity.
    #[error("commitment {index} of {dealer} is invalid")]
    InvalidCommitment {
        /// Whose deal.
        dealer: OrganisationId,
        /// Which commitment, from 0.
        index: usize,
        /// What is wrong with it.
        source: EncodingError,
    },
    /// An ephemeral key is no point of G1, or is the identity.
    #[error("the ephemeral key of {dealer} for holder {index} is invalid")]
    InvalidEphemeral {
        /// Whose deal.
        dealer: OrganisationId,
        /// Whose share, from 0.
        index: usize,
        /// What is wrong with it.
        source: EncodingError,
    },
    /// A dealer is not a holder, deals twice, or stands out of the holders' order.
    #[error("{dealer} is no holder, repeated or out of order")]
    UnexpectedDealer {
        /// Who.
        dealer: OrganisationId,
    },
    /// So few deals that their makers together might all be corrupt.
    #[error("{found} deals where at least {needed} are needed")]
    TooFewDeals {
        /// Deals needed.
        needed: usize,
        /// Deals given.
        found: usize,
    },
    /// The deals cancel each other: Y is the identity.
    #[error("the deals add up to an identity")]
    DegenerateKey,
    /// The deals cancel each other at one holder: Y_j is the identity. Only that holder, as the
    /// last dealer, sees the others' f_i(j) and can bring it about.
    #[error("the deals add up to an identity for {holder}")]
    DegenerateShare {
        /// Whose place.
        holder: OrganisationId,
    },
}
