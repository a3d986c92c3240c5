//! Five issuers of which three make a key, and a request with their answers.

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

/// A master key shared among five issuers.
#[derive(Debug)]
pub struct Issuers {
    /// Public: parameters, and the commitments of the sharing.
    pub authority: SharedAuthority,
    /// Shares of the master key in the order of the issuers.
    pub shares: Vec<IssuerShare>,
    /// The key pair that answers are sealed to.
    pub recipient: RecipientKeyPair,
}

impl Issuers {
    /// Deals a new master key.
    #[must_use]
    pub fn new() -> Self {
        let mut rng = seeded();
        let issuers = (1..=ISSUERS).map(|i| OrganisationId::from_digest(id("issuer", i)));
        let chain = ChainId::from_digest(id("chain", 0));
        let sharing = Sharing::new(chain, SharingEpoch(1), issuers.collect(), THRESHOLD);
        let sharing = sharing.expect("a sharing");
        let (_, master) = MasterSecretKey::setup(&mut rng);
        let (authority, shares) = SharedAuthority::deal(sharing, &master, &mut rng);
        Self {
            authority,
            shares,
            recipient: RecipientKeyPair::random(&mut rng),
        }
    }

    /// Asks for a key with the first `count` attributes, valid always.
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

    /// Partial keys of the first three issuers.
    #[must_use]
    pub fn partial_keys(&self, request: &IssuanceRequest) -> Vec<PartialKey> {
        let mut rng = seeded();
        let needed = self.authority.sharing().threshold().into();
        let shares = self.shares.iter().take(needed);
        let keys = shares.map(|share| share.issue_partial(request, &mut rng));
        keys.collect::<Result<_, _>>().expect("partial keys")
    }

    /// The first issuer's partial key as it travels to the recipient.
    #[must_use]
    pub fn sealed(&self, request: &IssuanceRequest) -> SealedPartialKey {
        let mut rng = seeded();
        let key = self.shares[0].issue_partial(request, &mut rng);
        let key = key.expect("a partial key");
        key.seal(&mut rng).expect("a good recipient")
    }
}

impl Default for Issuers {
    fn default() -> Self {
        Self::new()
    }
}
