//! A request to issuers for one key.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_policy::AttributeSet;
use medshare_types::{Digest, Height, Nonce, PersonId, Wire, canonical_bytes, hash};

use super::id::SharingId;
use super::recipient::RecipientKey;
use crate::scheme::validity::Validity;

const REQUEST_TAG: &str = "medshare/abe/issuance-request/v1";

/// A request for one key.
///
/// All issuers get the same request, byte for byte: only partial keys for equal requests combine.
/// `height` and `nonce` make requests differ that are otherwise equal; an issuer may require a
/// recent `height` and a new nonce.
///
/// Callers decide who may ask for which attributes. The request is not signed: it travels inside a
/// signed message, which must cover `recipient` above all, because an attacker that replaces the
/// recipient receives the partial keys. The number of an enumeration's value counts, its name is for
/// display, so an issuer first calls [`AttributeSet::agrees_with`] with the registered enumerations.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct IssuanceRequest {
    /// Chain, key and epoch of the authority asked.
    pub sharing: SharingId,
    /// Person that the key is for.
    pub person: PersonId,
    /// All attributes of the key.
    pub attributes: AttributeSet,
    /// Sealing dates that the key opens.
    pub validity: Validity,
    /// Height of the chain when the request was made.
    pub height: Height,
    /// Distinguishes this request from every other.
    pub nonce: Nonce,
    /// Public key that partial keys are sealed to.
    pub recipient: RecipientKey,
}

impl Wire for IssuanceRequest {
    const KIND: [u8; 4] = *b"mIRQ";
    const MAX_LEN: usize = 1 << 19;
}

canonical_bytes!(IssuanceRequest);

impl IssuanceRequest {
    /// H(request): partial keys are made for it, sealed under it and combined by it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest(REQUEST_TAG, &[&self.to_wire()])
    }
}
