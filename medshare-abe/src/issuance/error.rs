//! Why a secret was not shared, and why a key was not issued.

use medshare_curve::EncodingError;
use medshare_types::{DecodeError, OrganisationId};

use super::id::{IssuerIndex, SharingEpoch};
use crate::scheme::error::KeyError;

/// Why a secret was not shared, or a deal, a share or a request was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SharingError {
    /// Not the canonical bytes of a shared authority or of a share. Names no dealer: only the
    /// channel knows the sender.
    #[error("not a valid shared authority or share")]
    Decode {
        #[allow(missing_docs, reason = "the kind of decoding error")]
        #[from]
        source: DecodeError,
    },
    /// A commitment of a shared authority, or an issuer's share, is not a valid element.
    #[error("an element of the shared authority or share is invalid")]
    Point {
        #[allow(missing_docs, reason = "the kind of encoding error")]
        #[from]
        source: EncodingError,
    },
    /// The request or share was made for another key, or on another chain.
    #[error("belongs to another authority")]
    OtherAuthority,
    /// The request or share was made for another sharing of this key.
    #[error("belongs to epoch {found}, expected {expected}")]
    OtherEpoch {
        /// Epoch of the sharing that it was checked against.
        expected: SharingEpoch,
        /// Epoch that it names.
        found: SharingEpoch,
    },
    /// The request or share was made for another deal of this key under the same epoch, with other
    /// issuers, another threshold or other commitments.
    #[error("belongs to another deal of the same epoch")]
    OtherDeal,
    /// Threshold and number of issuers violate 1 ≤ t ≤ n ≤ 1024, or an issuer repeats.
    #[error("invalid sharing: threshold {threshold} among {issuers} issuers")]
    InvalidIssuers {
        /// Number of issuers given.
        issuers: usize,
        /// Threshold given.
        threshold: u16,
    },
    /// The organisation is not among the issuers.
    #[error("{issuer} is not an issuer")]
    NotAnIssuer {
        #[allow(missing_docs, reason = "named by the variant")]
        issuer: OrganisationId,
    },
    /// The sharing has fewer issuers, or the index is 0.
    #[error("no issuer has index {index}")]
    NoSuchIssuer {
        #[allow(missing_docs, reason = "named by the variant")]
        index: IssuerIndex,
    },
    /// A deal needs exactly t commitments.
    #[error("{dealer} committed to {found} coefficients, expected {expected}")]
    CommitmentCount {
        #[allow(missing_docs, reason = "the culprit")]
        dealer: OrganisationId,
        /// The threshold.
        expected: usize,
        /// Number of commitments in the deal.
        found: usize,
    },
    /// A commitment is not an element of GT, or is the identity.
    #[error("commitment {index} of {dealer} is invalid")]
    InvalidCommitment {
        #[allow(missing_docs, reason = "the culprit")]
        dealer: OrganisationId,
        /// Index of the coefficient, from 0.
        index: usize,
        #[allow(missing_docs, reason = "the kind of encoding error")]
        source: EncodingError,
    },
    /// The dealer does not prove that it knows its constant term.
    #[error("{dealer} does not prove knowledge of its constant term")]
    UnprovenConstant {
        #[allow(missing_docs, reason = "the culprit")]
        dealer: OrganisationId,
    },
    /// A dealt share is not a point of G1, or is the identity.
    #[error("a share dealt by {dealer} is invalid")]
    InvalidShare {
        /// Dealer named by the bytes, which only the channel can confirm.
        dealer: OrganisationId,
        #[allow(missing_docs, reason = "the kind of encoding error")]
        source: EncodingError,
    },
    /// The share names another dealer, another sharing or another issuer.
    #[error("not the share that {dealer} dealt to this issuer")]
    MisdirectedShare {
        /// Dealer of the deal that it was compared with.
        dealer: OrganisationId,
    },
    /// The share is not on the committed polynomial.
    #[error("the share dealt by {dealer} contradicts its commitments")]
    WrongShare {
        #[allow(missing_docs, reason = "the culprit")]
        dealer: OrganisationId,
    },
    /// A deal was checked in another sharing, is repeated, or is out of the issuers' order: a
    /// mistake of the caller.
    #[error("the deal of {dealer} is of another sharing, repeated or out of order")]
    UnexpectedDealer {
        #[allow(missing_docs, reason = "named by the variant")]
        dealer: OrganisationId,
    },
    /// So few deals that all dealers might be dishonest.
    #[error("{found} deals, at least {needed} are needed")]
    TooFewDeals {
        /// The threshold.
        needed: usize,
        /// Number of deals given.
        found: usize,
    },
    /// The deals cancel each other in a coefficient. Has no culprit: the deals do not tell which of
    /// them was made to cancel the others.
    ///
    /// The constant coefficient is proven, but in any other the last dealer to commit can do it.
    /// Where at least t − 1 honest issuers check their shares before deals are counted, one of them
    /// gets [`Self::WrongShare`] and the deal does not count. Where fewer do, deal anew.
    #[error("the deals add up to the identity")]
    DegenerateKey,
    /// The contributions are not one of each deal that counts, all to this issuer. Has no culprit:
    /// each was accepted, so the caller omitted or added one.
    #[error("the contributions are not one of each deal that counts, to {issuer}")]
    WrongContributions {
        /// Issuer that the share was to be made for.
        issuer: OrganisationId,
    },
    /// The stored point is not this issuer's share.
    #[error("the share of {issuer} contradicts the commitments")]
    InconsistentShare {
        #[allow(missing_docs, reason = "named by the variant")]
        issuer: OrganisationId,
    },
}

impl SharingError {
    /// The dealer that caused the error, if it can only be the dealer's doing.
    ///
    /// For a share ([`Self::InvalidShare`], [`Self::MisdirectedShare`], [`Self::WrongShare`]) that
    /// holds as far as the channel that carried it authenticates its sender.
    #[must_use]
    pub fn culprits(&self) -> Vec<OrganisationId> {
        match self {
            Self::CommitmentCount { dealer, .. }
            | Self::InvalidCommitment { dealer, .. }
            | Self::UnprovenConstant { dealer }
            | Self::InvalidShare { dealer, .. }
            | Self::MisdirectedShare { dealer }
            | Self::WrongShare { dealer } => vec![*dealer],
            Self::Decode { .. }
            | Self::Point { .. }
            | Self::OtherAuthority
            | Self::OtherEpoch { .. }
            | Self::OtherDeal
            | Self::InvalidIssuers { .. }
            | Self::NotAnIssuer { .. }
            | Self::NoSuchIssuer { .. }
            | Self::UnexpectedDealer { .. }
            | Self::TooFewDeals { .. }
            | Self::DegenerateKey
            | Self::WrongContributions { .. }
            | Self::InconsistentShare { .. } => Vec::new(),
        }
    }
}

/// Why a partial key was not made, sealed or opened, or partial keys were not combined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuanceError {
    /// The request is for another authority, epoch or deal.
    #[error("the request is for another sharing")]
    Foreign {
        /// The field in which the sharings differ.
        #[from]
        source: SharingError,
    },
    /// No key can be issued for the requested attributes, or the partial keys do not combine to a
    /// key of this authority.
    #[error("no key can be made for the request")]
    Key {
        #[allow(missing_docs, reason = "the kind of key error")]
        #[from]
        source: KeyError,
    },
    /// The recipient's key is of small order: anyone could read messages sealed to it.
    #[error("the recipient's key is invalid")]
    InvalidRecipient,
    /// The key pair given is not the one that the request names.
    #[error("the request names another recipient")]
    WrongRecipient,
    /// The sealed partial key names an index that no issuer has.
    #[error("no issuer has index {index}")]
    NoSuchIssuer {
        #[allow(missing_docs, reason = "named by the variant")]
        index: IssuerIndex,
    },
    /// The partial key names another request than the one given.
    #[error("the partial key of {issuer} is for another request")]
    OtherRequest {
        /// Issuer named by the partial key.
        issuer: OrganisationId,
    },
    /// The partial key was made in another epoch than the request.
    #[error("the partial key of {issuer} is of epoch {epoch}")]
    OtherEpoch {
        /// Issuer named by the partial key.
        issuer: OrganisationId,
        /// Epoch of the partial key.
        epoch: SharingEpoch,
    },
    /// The partial key does not decrypt, or is not the issuer's answer to the request: ask another
    /// issuer.
    #[error("the partial key of {issuer} is invalid")]
    InvalidPartial {
        #[allow(missing_docs, reason = "the culprit")]
        issuer: OrganisationId,
        /// [`KeyError::Undecryptable`], [`KeyError::Decode`] for a wrong length,
        /// [`KeyError::Point`], or [`KeyError::Inconsistent`].
        source: KeyError,
    },
    /// A key takes as many partial keys as the threshold.
    #[error("{found} partial keys, {needed} are needed")]
    TooFewPartials {
        /// The threshold.
        needed: usize,
        /// Number of partial keys given.
        found: usize,
    },
    /// Two partial keys are of one issuer.
    #[error("two partial keys of {issuer}")]
    RepeatedIssuer {
        #[allow(missing_docs, reason = "named by the variant")]
        issuer: OrganisationId,
    },
}

impl IssuanceError {
    /// The issuer whose partial key is invalid, as far as the channel that carried it authenticates
    /// its sender: any sender can put another issuer's index on a partial key that does not open.
    #[must_use]
    pub fn culprits(&self) -> Vec<OrganisationId> {
        match self {
            Self::InvalidPartial { issuer, .. } => vec![*issuer],
            Self::Foreign { .. }
            | Self::Key { .. }
            | Self::InvalidRecipient
            | Self::WrongRecipient
            | Self::NoSuchIssuer { .. }
            | Self::OtherRequest { .. }
            | Self::OtherEpoch { .. }
            | Self::TooFewPartials { .. }
            | Self::RepeatedIssuer { .. } => Vec::new(),
        }
    }
}
