//! What is agreed on: a header and the payload it names.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::certificate::Ballot;
use medshare_types::hash::Digest;
use medshare_types::header::BlockHeader;

/// The longest encoded payload that is proposed or voted for, in bytes.
pub const MAX_PAYLOAD_LEN: usize = 8 << 20;

/// Room beside the payload in a message or record: a header and 1024 signatures.
pub(crate) const OVERHEAD_LEN: usize = 128 << 10;

/// The contents of a block, opaque to consensus.
///
/// A payload is cloned on its way to the log, the validator and the network: keep large contents
/// behind an `Arc`.
pub trait Payload: Clone + BorshSerialize + BorshDeserialize {
    /// The digest that binds the whole payload; it stands in the header as `transactions`.
    fn root(&self) -> Digest;
}

/// The length of a payload as others would get it.
pub(crate) fn encoded_length(payload: &impl Payload) -> usize {
    borsh::object_length(payload).unwrap_or(usize::MAX)
}

/// A header and the payload whose root it names.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Proposal<P> {
    /// The header; its digest is voted on.
    pub header: BlockHeader,
    /// The payload.
    pub payload: P,
}

impl<P> Proposal<P> {
    /// The place a vote for this proposal is cast for, in the view that the header names.
    #[must_use]
    pub fn ballot(&self) -> Ballot {
        Ballot {
            epoch: self.header.epoch,
            view: self.header.view,
            height: self.header.height,
            digest: self.header.digest(),
        }
    }
}
