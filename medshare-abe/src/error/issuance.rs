//! Shared authorities and the keys that they issue.

use medshare_curve::EncodingError;
use medshare_types::{DecodeError, OrganisationId};

use super::KeyError;
use crate::issuance::{IssuerIndex, SharingEpoch};

/// A request, share or part that belongs to another sharing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignSharing {
    /// Of another key, or on another chain.
    #[error("it belongs to another authority")]
    OtherAuthority,
    /// Of another sharing of this key.
    #[error("it belongs to epoch {found} where {expected} is expected")]
    OtherEpoch {
        /// The epoch here.
        expected: SharingEpoch,
        /// Its epoch.
        found: SharingEpoch,
    },
    /// Of another deal of this key under the same epoch: other issuers, threshold or commitments.
    #[error("it belongs to another deal of the same epoch")]
    OtherDeal,
}

/// Why a secret was not shared, or a share not accepted.
///
/// What a dealer can cause names the dealer, but for [`Self::Decode`], where only the channel says
/// whose bytes they were, and [`Self::DegenerateKey`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SharingError {
    /// The bytes are no shared authority, or no share.
    #[error("the shared authority or share cannot be decoded")]
    Decode {
        /// What is wrong with them.
        #[from]
        source: DecodeError,
    },
    /// A commitment of a shared authority, or an issuer's share, is no valid element.
    #[error("an element of the shared authority or share is invalid")]
    Point {
        /// What is wrong with it.
        #[from]
        source: EncodingError,
    },
    /// The share is of another authority or epoch.
    #[error("the share is of another sharing")]
    Foreign {
        /// In what it differs.
        #[from]
        source: ForeignSharing,
    },
    /// The threshold or the number of issuers is outside 1 ≤ t ≤ n ≤ 1024, or an issuer repeats.
    #[error("{issuers} issuers with threshold {threshold} make no sharing")]
    InvalidIssuers {
        /// Issuers given.
        issuers: usize,
        /// Threshold given.
        threshold: u16,
    },
    /// The organisation is not among the issuers.
    #[error("{issuer} is no issuer")]
    NotAnIssuer {
        /// Who.
        issuer: OrganisationId,
    },
    /// No issuer stands at this place.
    #[error("no issuer stands at place {index}")]
    NoSuchIssuer {
        /// The place.
        index: IssuerIndex,
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
    /// A commitment is no element of GT, or is the identity.
    #[error("commitment {index} of {dealer} is invalid")]
    InvalidCommitment {
        /// Whose deal.
        dealer: OrganisationId,
        /// Which commitment, from 0.
        index: usize,
        /// What is wrong with it.
        source: EncodingError,
    },
    /// The dealer does not prove that it knows its constant term.
    #[error("{dealer} does not prove knowledge of its constant term")]
    UnprovenConstant {
        /// Whose deal.
        dealer: OrganisationId,
    },
    /// A dealt share is no point of G1, or is the identity.
    #[error("a share dealt by {dealer} is invalid")]
    InvalidShare {
        /// Whom it names as its dealer.
        dealer: OrganisationId,
        /// What is wrong with it.
        source: EncodingError,
    },
    /// The share is of another dealer or sharing, or for another issuer.
    #[error("the share is not what {dealer} dealt to this issuer")]
    MisdirectedShare {
        /// Whose deal it was compared with.
        dealer: OrganisationId,
    },
    /// The share is not on the committed polynomial.
    #[error("the share dealt by {dealer} contradicts its commitments")]
    WrongShare {
        /// Whose deal.
        dealer: OrganisationId,
    },
    /// A deal is of another sharing, repeated, or out of the issuers' order.
    #[error("the deal of {dealer} is of another sharing, repeated or out of order")]
    UnexpectedDealer {
        /// Who.
        dealer: OrganisationId,
    },
    /// So few deals that none might be of somebody honest.
    #[error("{found} deals where at least {needed} are needed")]
    TooFewDeals {
        /// Deals needed.
        needed: usize,
        /// Deals given.
        found: usize,
    },
    /// The deals cancel each other in a coefficient. Names nobody: the deals do not tell which of
    /// them was made to cancel the others.
    ///
    /// Not in the constant one, which is proven, but in any other the last to commit can do it.
    /// Where at least t − 1 honest issuers check their shares before deals are counted, one of them
    /// gets [`Self::WrongShare`] and the deal does not count. Where fewer do, deal anew.
    #[error("the deals add up to an identity")]
    DegenerateKey,
    /// The contributions are not one of each deal that counts, all to this issuer. Names nobody:
    /// each was accepted, so it is the caller who left one out or took one too many.
    #[error("the contributions are not one of each deal that counts, to {issuer}")]
    WrongContributions {
        /// Whose share was to be made.
        issuer: OrganisationId,
    },
    /// The stored point is not this issuer's share.
    #[error("the share of {issuer} contradicts the commitments")]
    InconsistentShare {
        /// Whose share.
        issuer: OrganisationId,
    },
}

/// Why an issuer made or sealed no part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuanceError {
    /// The request is for another authority or epoch.
    #[error("the request is for another sharing")]
    Foreign {
        /// In what it differs.
        #[from]
        source: ForeignSharing,
    },
    /// No key can be for what is asked.
    #[error("no key can be made for the request")]
    Key {
        /// Why.
        #[from]
        source: KeyError,
    },
    /// The recipient's key is of small order: anybody could read what is sealed to it.
    #[error("the recipient's key is invalid")]
    InvalidRecipient,
}

/// Why a sealed part was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartialError {
    /// The request is for another authority or epoch.
    #[error("the request is for another sharing")]
    Foreign {
        /// In what it differs.
        #[from]
        source: ForeignSharing,
    },
    /// No key can be for what is asked.
    #[error("no key can be made for the request")]
    Key {
        /// Why.
        #[from]
        source: KeyError,
    },
    /// The keys given are not those that the request names.
    #[error("the request names another recipient")]
    WrongRecipient,
    /// No issuer stands at the place that the part names.
    #[error("no issuer stands at place {index}")]
    NoSuchIssuer {
        /// The place.
        index: IssuerIndex,
    },
    /// The part says that it is for another request.
    #[error("the part of {issuer} is for another request")]
    OtherRequest {
        /// Whose part.
        issuer: OrganisationId,
    },
    /// The part is no good: ask another issuer.
    #[error("the part of {issuer} is no good")]
    Bad {
        /// Whose part.
        issuer: OrganisationId,
        /// What is wrong with it.
        source: PartialFault,
    },
}

/// What is wrong with an issuer's part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartialFault {
    /// It was not sealed to the recipient, for this request, at this issuer's place.
    #[error("it does not decrypt")]
    Undecryptable,
    /// It is not as long as what was asked for.
    #[error("it has the wrong length")]
    Malformed {
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A point is not of its group, or is the identity.
    #[error("a point of it is invalid")]
    Point {
        /// What is wrong with it.
        source: EncodingError,
    },
    /// It is not what the issuer's share makes of the request.
    #[error("it does not fit the issuer's share and the request")]
    Inconsistent,
}

impl From<KeyError> for PartialFault {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Decode { source } => Self::Malformed { source },
            KeyError::Point { source } => Self::Point { source },
            _ => Self::Inconsistent,
        }
    }
}

/// Why a sealed key was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealedKeyError {
    /// It was not sealed to this recipient in answer to this request.
    #[error("the sealed key does not decrypt")]
    Undecryptable,
    /// What was sealed is no key of this authority.
    #[error("what was sealed is no key")]
    Key {
        /// Why.
        #[from]
        source: KeyError,
    },
}

/// Why parts made no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CombineError {
    /// The request is for another authority or epoch.
    #[error("the request is for another sharing")]
    Foreign {
        /// In what it differs.
        #[from]
        source: ForeignSharing,
    },
    /// Fewer parts than the threshold.
    #[error("{found} parts where {needed} are needed")]
    TooFew {
        /// The threshold.
        needed: usize,
        /// Parts given.
        found: usize,
    },
    /// Two parts are of one issuer.
    #[error("two parts of {issuer}")]
    RepeatedIssuer {
        /// Whose.
        issuer: OrganisationId,
    },
    /// A part is of another epoch than the request.
    #[error("the part of {issuer} is of epoch {epoch}")]
    OtherEpoch {
        /// Whose.
        issuer: OrganisationId,
        /// The part's epoch.
        epoch: SharingEpoch,
    },
    /// A part was made for another request.
    #[error("the part of {issuer} is for another request")]
    OtherRequest {
        /// Whose.
        issuer: OrganisationId,
    },
    /// What they make is no key of this authority.
    #[error("the parts make no key")]
    Key {
        /// Why.
        #[from]
        source: KeyError,
    },
}
