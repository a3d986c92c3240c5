//! Requests for attribute keys, and the seam to their issuer.

use medshare_abe::issuance::{RecipientKey, SealedKey};
use medshare_types::keystore::BoxFuture;
use medshare_types::{ChainId, Digest, PersonId, RecordId, Signature, Timestamp, hash};

use crate::error::Result;

/// Issues attribute keys. The authority is separate from the gate's holders.
///
/// An answer is sealed to the recipient that the signed request names, so a carrier of requests and
/// answers learns nothing of the key, and neither does the sender of a copied request. The SDK
/// accepts only keys of the authority, so a carrier can withhold a key and no more.
pub trait AttributeIssuer: Send + Sync {
    /// The key that the request is for ([`KeyRequest::record`]), sealed to
    /// [`KeyRequest::recipient`] under the digest of [`KeyRequest::statement`].
    fn issue<'a>(&'a self, request: &'a KeyRequest) -> BoxFuture<'a, Result<SealedKey>>;
}

/// A person's signed request: for the key of the attributes that an organisation vouched for on the
/// chain, or for the key of a record that the chain says is about the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRequest {
    /// The person that the key is for.
    pub person: PersonId,
    /// The record whose subject the key is for; none for the key of the enrolled attributes.
    pub record: Option<RecordId>,
    /// The key that the answer is sealed to, made by the person for this request.
    pub recipient: RecipientKey,
    /// Makes two requests differ; the authority answers each once.
    pub nonce: [u8; 32],
    /// The person's clock; requests far from the authority's clock are refused.
    pub at: Timestamp,
    /// The person's signature of [`KeyRequest::statement`].
    pub signature: Signature,
}

impl KeyRequest {
    /// The digest that the person signs: of the chain, the authority by the digest of its
    /// parameters, the person, the record (nothing for none), the recipient, the nonce and the time.
    #[must_use]
    pub fn statement(&self, chain: &ChainId, authority: &Digest) -> Digest {
        let fields: [&[u8]; 7] = [
            chain.as_ref(),
            authority.as_ref(),
            self.person.as_ref(),
            self.record.as_ref().map_or(&[], AsRef::as_ref),
            &self.recipient.0,
            &self.nonce,
            &self.at.as_millis().to_le_bytes(),
        ];
        hash::digest("medshare/sdk/key-request/v1", &fields)
    }
}
