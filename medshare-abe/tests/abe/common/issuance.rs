//! The setting's authority shared between three issuers, two of whom make a key.

use std::sync::OnceLock;

use medshare_abe::issuance::{
    AuthorityDeal, DealtShare, IssuanceRequest, IssuerShare, RecipientKeyPair, SealedKey,
    SealedPartialKey, SharedAuthority, Sharing, SharingEpoch,
};
use medshare_abe::{AttributeSet, Validity};
use medshare_types::hash::digest;
use medshare_types::{ChainId, Height, Nonce, OrganisationId, PersonId};

use super::properties::setting;
use super::rng;

pub struct Issuance {
    pub authority: SharedAuthority,
    pub share: IssuerShare,
    pub recipient: RecipientKeyPair,
    pub request: IssuanceRequest,
    pub sealed: SealedPartialKey,
    /// The whole key, sealed by an authority that has the master key.
    pub whole: SealedKey,
    /// One dealer's part in a joint deal: what is public, and one share.
    pub deal: AuthorityDeal,
    pub dealt: DealtShare,
}

pub fn issuance() -> &'static Issuance {
    static ISSUANCE: OnceLock<Issuance> = OnceLock::new();
    ISSUANCE.get_or_init(Issuance::new)
}

impl Issuance {
    fn new() -> Self {
        let chain = ChainId::from_digest(digest("test", &[b"chain"]));
        let issuer = |i: u8| OrganisationId::from_digest(digest("test", &[b"issuer", &[i]]));
        let issuers = [1, 2, 3].map(issuer).to_vec();
        let sharing = Sharing::new(chain, SharingEpoch(1), issuers, 2).expect("2 of 3");
        let dealt = sharing.deal(sharing.issuers()[0], &mut rng(1));
        let (deal, mut dealt) = dealt.expect("an issuer");
        let (authority, mut shares) =
            SharedAuthority::deal(sharing, &setting().master, &mut rng(2));
        let recipient = RecipientKeyPair::random(&mut rng(3));
        let held = "a, n = 3, hospital = west";
        let request = IssuanceRequest {
            sharing: authority.id(),
            person: PersonId::from_digest(digest("test", &[b"person"])),
            attributes: AttributeSet::parse(held, &setting().lists).expect("a list"),
            validity: Validity::ALWAYS,
            height: Height(7),
            nonce: Nonce([9; 16]),
            recipient: recipient.public(),
        };
        let share = shares.remove(0);
        let part = share.issue_partial(&request, &mut rng(4)).expect("a part");
        let sealed = part.seal(&mut rng(5)).expect("a recipient");
        let (master, parameters) = (&setting().master, &setting().parameters);
        let key = master.issue(
            parameters,
            &request.attributes,
            request.validity,
            &mut rng(6),
        );
        let whole =
            key.expect("issuable")
                .seal_to(&request.recipient, &request.digest(), &mut rng(7));
        Self {
            whole: whole.expect("a recipient"),
            authority,
            share,
            recipient,
            request,
            sealed,
            deal,
            dealt: dealt.remove(0),
        }
    }
}
