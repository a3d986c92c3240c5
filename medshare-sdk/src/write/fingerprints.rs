//! The request that an idempotency key was used for, as fingerprints of its policy and content.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Digest, PersonId, Signature, Wire, hash};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The inputs of a seal that a repeated one under the same key must share.
pub(super) struct Request {
    pub(super) subject: PersonId,
    pub(super) policy: Digest,
    pub(super) content: Digest,
}

/// Fingerprints of a request, stored beside the payload that it was sealed as.
///
/// # Security
/// Keyed, since a bare digest would confirm a guessed content to every store. They name the
/// payload's preamble, so a store cannot show those of another record; it can only withhold them.
#[derive(BorshSerialize, BorshDeserialize)]
pub(crate) struct Fingerprints {
    pub(super) policy: Digest,
    pub(super) content: Digest,
    /// Authenticates the two others.
    tag: Digest,
}

impl Wire for Fingerprints {
    const KIND: [u8; 4] = *b"mFPR";
    const MAX_LEN: usize = 128;
}

/// The secret of one idempotency key of one organisation.
#[derive(Clone)]
pub(super) struct FingerprintKey(Zeroizing<[u8; 32]>);

impl FingerprintKey {
    /// From the organisation's signature of the idempotency key, which never leaves the application.
    pub(super) fn derive(signature: &Signature) -> Self {
        let tag = "medshare/sdk/fingerprint-key/v1";
        let secret = hash::digest(tag, &[signature.as_bytes()]);
        Self(Zeroizing::new(*secret.as_bytes()))
    }

    pub(super) fn fingerprints(&self, request: &Request, preamble: &Digest) -> Fingerprints {
        let keyed = |tag, input: &Digest| {
            let fields: [&[u8]; 3] = [&*self.0, preamble.as_ref(), input.as_ref()];
            hash::digest(tag, &fields)
        };
        let policy = keyed("medshare/sdk/fingerprint/policy/v1", &request.policy);
        let content = keyed("medshare/sdk/fingerprint/content/v1", &request.content);
        let tag = self.tag(&policy, &content, preamble);
        Fingerprints {
            policy,
            content,
            tag,
        }
    }

    /// Decodes fingerprints of the payload that this key made.
    pub(super) fn verified(&self, bytes: &[u8], preamble: &Digest) -> Option<Fingerprints> {
        let found = Fingerprints::from_wire(bytes).ok()?;
        let tag = self.tag(&found.policy, &found.content, preamble);
        bool::from(tag.as_bytes().ct_eq(found.tag.as_bytes())).then_some(found)
    }

    fn tag(&self, policy: &Digest, content: &Digest, preamble: &Digest) -> Digest {
        let fields: [&[u8]; 4] = [
            &*self.0,
            preamble.as_ref(),
            policy.as_ref(),
            content.as_ref(),
        ];
        hash::digest("medshare/sdk/fingerprint/tag/v1", &fields)
    }
}
