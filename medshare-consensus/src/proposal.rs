//! The subject of a vote: a header and the payload it names.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::attestation::Attestation;
use medshare_types::certificate::Ballot;
use medshare_types::hash::Digest;
use medshare_types::header::BlockHeader;
use medshare_types::id::View;

/// The longest encoded payload that is proposed or voted for, in bytes.
pub const MAX_PAYLOAD_LEN: usize = 8 << 20;

/// Bytes beside the payload in a message or record: room for a header, its attestations, 683 view
/// changes and as many signatures.
pub(crate) const OVERHEAD_LEN: usize = 320 << 10;

/// The contents of a block, opaque to consensus.
///
/// A payload is cloned on its way to the log, the validator and the network: keep large contents
/// behind an `Arc`.
pub trait Payload: Clone + BorshSerialize + BorshDeserialize {
    /// The digest that binds the whole payload; the header holds it as `transactions`.
    fn root(&self) -> Digest;

    /// True when the payload orders nothing. After any other block the next one comes at once, so
    /// that the roots are certified.
    fn is_empty(&self) -> bool;
}

/// Bytes of the encoded payload; `usize::MAX`, which is over every limit, for a payload whose own
/// implementation fails to encode it.
pub(crate) fn encoded_length(payload: &impl Payload) -> usize {
    borsh::object_length(payload).unwrap_or(usize::MAX)
}

/// A header and the payload whose root it names.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Proposal<P> {
    /// The header; votes sign its digest.
    pub header: BlockHeader,
    /// The contents whose root the header names.
    pub payload: P,
    /// The votes for earlier heights that the block records, whose root the header names.
    pub attestations: Vec<Attestation>,
}

impl<P> Proposal<P> {
    /// The ballot of a vote for this proposal in a view, which is the header's or a later one.
    #[must_use]
    pub fn ballot_in(&self, view: View) -> Ballot {
        Ballot {
            epoch: self.header.epoch,
            view,
            height: self.header.height,
            digest: self.header.digest(),
        }
    }
}

/// The first check that a proposal or a served block fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProposalFault {
    /// The header is of another chain.
    WrongChain,
    /// The header is of another epoch.
    WrongEpoch,
    /// The header names another proposer than the sender.
    WrongProposer,
    /// The header names a view in which this block was not first proposed.
    WrongView,
    /// The header does not name this replica's tip as its parent.
    WrongParent,
    /// The header's time is not after its parent's.
    TimeNotIncreasing,
    /// The payload's root is not the header's.
    WrongPayload,
    /// The payload is too long for the block to be served to others.
    PayloadTooLong,
    /// The header does not name the roots of the height before.
    WrongExecutedHeight,
    /// The roots of the height before are not this replica's. This proves no fault: see "Why it is
    /// safe" in `docs/spec/pbft.md`.
    WrongRoots,
    /// The header's next committee is not the present one.
    WrongCommittee,
    /// The certificate is for another block than the one it came with.
    WrongBallot,
    /// The root of the attestations is not the header's.
    WrongAttestations,
    /// An attestation is out of order, recorded before, or not of an open height.
    InadmissibleAttestation,
    /// An attestation's signature does not verify.
    ForgedAttestation,
}

impl fmt::Display for ProposalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongChain => f.write_str("wrong chain"),
            Self::WrongEpoch => f.write_str("wrong epoch"),
            Self::WrongProposer => f.write_str("wrong proposer"),
            Self::WrongView => f.write_str("wrong view"),
            Self::WrongParent => f.write_str("wrong parent"),
            Self::TimeNotIncreasing => f.write_str("time not after the parent's"),
            Self::WrongPayload => f.write_str("payload root differs from the header's"),
            Self::PayloadTooLong => write!(f, "payload of more than {MAX_PAYLOAD_LEN} bytes"),
            Self::WrongExecutedHeight => f.write_str("executed height is not the height before"),
            Self::WrongRoots => f.write_str("executed roots differ from this replica's"),
            Self::WrongCommittee => f.write_str("wrong next committee"),
            Self::WrongBallot => f.write_str("certificate of another block"),
            Self::WrongAttestations => {
                f.write_str("root of attestations differs from the header's")
            }
            Self::InadmissibleAttestation => {
                f.write_str("an attestation is out of order, repeated or of a closed height")
            }
            Self::ForgedAttestation => f.write_str("an attestation's signature does not verify"),
        }
    }
}
