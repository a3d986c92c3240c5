//! Five issuers of whom three make a key, and a request with their answers.

use medshare_abe::issuance::{
    IssuanceRequest, IssuerShare, PartialKey, RecipientKeyPair, SealedPartialKey, SharedAuthority,
    Sharing, SharingEpoch,
};
use medshare_abe::{MasterSecretKey, Validity};
use medshare_types::hash::digest;
use medshare_types::{ChainId, Digest, Height, Nonce, OrganisationId, PersonId};

use crate::abe::attributes;
use crate::seeded;

const ISSUERS: u8 = 5;
const THRESHOLD: u16 = 3;

fn id(kind: &str, index: u8) -> Digest {
    digest("medshare/benches/issuance/v1", &[kind.as_bytes(), &[index]])
}

/// Everything that threshold issuance needs.
pub struct Setting {
    /// What everybody knows.
    pub authority: SharedAuthority,
    /// Each issuer's share.
    pub shares: Vec<IssuerShare>,
    /// The keys of whoever asks.
    pub recipient: RecipientKeyPair,
}

impl Setting {
    /// A sharing of a master key.
    ///
    /// # Panics
    /// Never: three of five is a sharing.
    #[must_use]
    pub fn new() -> Self {
        let mut rng = seeded();
        let issuers = (1..=ISSUERS).map(|i| OrganisationId::from_digest(id("issuer", i)));
        let chain = ChainId::from_digest(id("chain", 0));
        let sharing = Sharing::new(chain, SharingEpoch(1), issuers.collect(), THRESHOLD);
        #[allow(clippy::expect_used, reason = "three of five is a sharing")]
        let sharing = sharing.expect("a sharing");
        let (_, master) = MasterSecretKey::setup(&mut rng);
        let (authority, shares) = SharedAuthority::deal(sharing, &master, &mut rng);
        Self {
            authority,
            shares,
            recipient: RecipientKeyPair::random(&mut rng),
        }
    }

    /// A request for a key for the first `count` attributes.
    #[must_use]
    pub fn request(&self, count: usize) -> IssuanceRequest {
        IssuanceRequest {
            sharing: self.authority.id(),
            person: PersonId::from_digest(id("person", 0)),
            attributes: attributes(count),
            validity: Validity::ALWAYS,
            height: Height(1),
            nonce: Nonce::random(&mut seeded()),
            recipient: self.recipient.public(),
        }
    }

    /// The parts of the first t issuers, as many as are needed.
    ///
    /// # Panics
    /// For a request that no key can be made for.
    #[must_use]
    pub fn parts(&self, request: &IssuanceRequest) -> Vec<PartialKey> {
        let mut rng = seeded();
        let needed = self.authority.sharing().threshold().into();
        let shares = self.shares.iter().take(needed);
        let parts = shares.map(|share| share.issue_partial(request, &mut rng));
        #[allow(clippy::expect_used, reason = "documented to panic")]
        parts.collect::<Result<_, _>>().expect("parts of a key")
    }

    /// The first issuer's part, as it is sent.
    ///
    /// # Panics
    /// For a request that no key can be made for.
    #[must_use]
    pub fn sealed(&self, request: &IssuanceRequest) -> SealedPartialKey {
        let mut rng = seeded();
        let part = self.shares[0].issue_partial(request, &mut rng);
        #[allow(clippy::expect_used, reason = "documented to panic")]
        let part = part.expect("a part of a key");
        #[allow(clippy::expect_used, reason = "the recipient's key is a good one")]
        part.seal(&mut rng).expect("a sealed part")
    }
}

impl Default for Setting {
    fn default() -> Self {
        Self::new()
    }
}
