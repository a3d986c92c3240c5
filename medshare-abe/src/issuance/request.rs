//! What issuers are asked for.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_policy::AttributeSet;
use medshare_types::{Digest, Height, Nonce, PersonId, Wire, canonical_bytes, hash};

use super::id::SharingId;
use super::recipient::RecipientKey;
use crate::scheme::validity::Validity;

const REQUEST_TAG: &str = "medshare/abe/issuance-request/v1";

/// A request for one key: which sharing, for whom, what it holds and to whom it is sent.
///
/// Issuers that are asked for one key get one request, byte for byte: only parts made for equal
/// requests combine. `height` and `nonce` make requests differ that are otherwise alike; an issuer
/// may ask that `height` is recent and a nonce new.
///
/// Who may ask for what is not decided here, and the request is not signed: it travels inside
/// something that is. That must cover `recipient` above all: whoever puts a key of his own into
/// somebody else's request gets the parts. The number of an enumeration's value counts, its name is
/// for people, so an issuer asks [`AttributeSet::agrees_with`] first, with the lists that are
/// registered.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct IssuanceRequest {
    /// Chain, key and epoch.
    pub sharing: SharingId,
    /// Who the key is for.
    pub person: PersonId,
    /// What it is for: all of it.
    pub attributes: AttributeSet,
    /// The days it is good for.
    pub validity: Validity,
    /// The chain's height when it was asked for.
    pub height: Height,
    /// Makes this request differ from every other.
    pub nonce: Nonce,
    /// The key that parts are sealed to.
    pub recipient: RecipientKey,
}

impl Wire for IssuanceRequest {
    const KIND: [u8; 4] = *b"mIRQ";
    const MAX_LEN: usize = 1 << 19;
}

canonical_bytes!(IssuanceRequest);

impl IssuanceRequest {
    /// H(request): what parts are made for, sealed under, and combined by.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest(REQUEST_TAG, &[&self.to_wire()])
    }
}
