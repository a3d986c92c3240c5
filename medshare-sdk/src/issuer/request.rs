//! Asking for an attribute key.

use std::sync::Arc;

use medshare_abe::UserSecretKey;
use medshare_abe::issuance::{RecipientKey, RecipientKeyPair};
use medshare_types::{
    ChainId, Digest, PersonId, RandomSource as _, Signature, Signer, Timestamp, hash,
};

use crate::consortium::Inner;
use crate::error::{Error, Result};
use medshare_host::blocking;
use medshare_host::clock;
use medshare_host::os_random;

/// A person's signed request for the key of the attributes that the chain says it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRequest {
    /// Who asks.
    pub person: PersonId,
    /// Whom the answer is sealed to: a key that the person made for this request.
    pub recipient: RecipientKey,
    /// Makes two requests differ; the authority answers each once.
    pub nonce: [u8; 32],
    /// The person's clock.
    pub at: Timestamp,
    /// The person's signature of [`KeyRequest::statement`].
    pub signature: Signature,
}

impl KeyRequest {
    /// What the person signs: the digest of the chain, the authority by the digest of its
    /// parameters, the person, the recipient, the nonce and the time.
    #[must_use]
    pub fn statement(&self, chain: &ChainId, authority: &Digest) -> Digest {
        let fields: [&[u8]; 6] = [
            chain.as_ref(),
            authority.as_ref(),
            self.person.as_ref(),
            &self.recipient.0,
            &self.nonce,
            &self.at.as_millis().to_le_bytes(),
        ];
        hash::digest("medshare/sdk/key-request/v1", &fields)
    }
}

/// The person's attribute key, from the issuer: opened and found to be one of the authority's. What
/// it is for is the caller's to check.
pub(crate) async fn ask(
    inner: &Inner,
    person: PersonId,
    signer: &dyn Signer,
) -> Result<UserSecretKey> {
    let pair = RecipientKeyPair::random(&mut os_random());
    let mut request = KeyRequest {
        person,
        recipient: pair.public(),
        nonce: os_random().array(),
        at: clock::now(),
        signature: Signature::from_bytes([0; 64]),
    };
    let statement = request.statement(inner.chain.id(), &inner.parameters.digest());
    request.signature = signer.sign(&statement).await?;
    let sealed = inner.issuer.issue(&request).await?;
    let parameters = Arc::clone(&inner.parameters);
    let open = move || sealed.open(&pair, &statement, &parameters, &mut os_random());
    let opened = blocking(open).await?;
    opened.map_err(|error| Error::BadAttributeKey {
        reason: error.to_string(),
    })
}
