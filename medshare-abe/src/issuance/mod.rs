//! Threshold issuance: the authority's secret is shared, and t of n issuers make a key.
//!
//! **Is:** a primitive. α is shared by Shamir's scheme with commitments in GT alone
//! ([`SharedAuthority`]): either the holder of the master key deals it ([`SharedAuthority::deal`]),
//! or the issuers deal jointly and no party ever knows it ([`Sharing::deal`]). An issuer answers a
//! request with a partial key ([`IssuerShare::issue_partial`]) and seals it to the recipient
//! ([`PartialKey::seal`]). The recipient opens and checks it ([`SharedAuthority::open_partial`]) and
//! combines t of them ([`SharedAuthority::combine`]). The result is an ordinary [`UserSecretKey`],
//! and senders encapsulate to the authority as to any other.
//!
//! The holder of a whole master key seals whole keys to their recipients in the same way
//! ([`UserSecretKey::seal_to`], [`SealedKey`]).
//!
//! **Is not:** a protocol. Callers decide which deals count, judge complaints, carry shares and
//! partial keys, and know who may ask for which attributes. Dealt shares need a secret channel;
//! shares and partial keys need an authenticated one, or there is no culprit to name. Shares are not
//! renewed: the holder of the master key can share it again under another epoch, and old shares stay
//! valid.
//!
//! # Security
//!
//! An attacker that has corrupted c issuers, chosen before the secret was shared, opens a header
//! only if t − c other issuers each made a partial key for attributes and days that satisfy it *and*
//! for a recipient whose secret key the attacker holds. The proof loses a factor of up to
//! C(n − c, t − 1 − c) against that of the scheme; see `docs/spec/abe/issuance.md`.
//! HPKE keeps partial keys sealed to others from the attacker, so the channel that carries a
//! person's request must authenticate its recipient key. Conversely, partial keys that t issuers made for
//! *different* requests do open the header if each request satisfies it, although
//! [`SharedAuthority::combine`] refuses them. No more than that is claimed.
//!
//! t partial keys for one request are the key. They are never published, and have bytes only when
//! sealed.
//!
//! t shares of *any* epoch are the master key for as long as they exist: sharing anew does not shut
//! out issuers that kept their shares, see [`SharingEpoch`].
//!
//! ```
//! use medshare_abe::issuance::{
//!     IssuanceRequest, RecipientKeyPair, SealedPartialKey, SharedAuthority, Sharing, SharingEpoch,
//! };
//! use medshare_abe::{MasterSecretKey, Validity, decapsulate, encapsulate};
//! use medshare_types::{ChainId, Height, Nonce, OrganisationId, PersonId, hash::digest};
//!
//! let mut rng = rand::rng();
//! let chain = ChainId::from_digest(digest("example/chain", &[]));
//! let issuer = |i: u8| OrganisationId::from_digest(digest("example/issuer", &[&[i]]));
//!
//! // Three of five issuers make a key.
//! let sharing = Sharing::new(chain, SharingEpoch(1), (1..=5).map(issuer).collect(), 3)?;
//! let (_, master) = MasterSecretKey::setup(&mut rng);
//! let (authority, shares) = SharedAuthority::deal(sharing, &master, &mut rng);
//! drop(master);
//!
//! // A person asks for a key.
//! let pair = RecipientKeyPair::random(&mut rng);
//! let request = IssuanceRequest {
//!     sharing: authority.id(),
//!     person: PersonId::from_digest(digest("example/person", &[])),
//!     attributes: "role:nurse, clearance = 3".parse()?,
//!     validity: Validity::until("2031-01-01".parse()?)?,
//!     height: Height(1_000),
//!     nonce: Nonce::random(&mut rng),
//!     recipient: pair.public(),
//! };
//!
//! // Issuers 1, 3 and 4 answer.
//! let mut partials = Vec::new();
//! for share in [&shares[0], &shares[2], &shares[3]] {
//!     let sealed: SealedPartialKey = share.issue_partial(&request, &mut rng)?.seal(&mut rng)?;
//!     partials.push(authority.open_partial(&request, &pair, &sealed, &mut rng)?);
//! }
//! let key = authority.combine(&request, &partials, &mut rng)?;
//!
//! let parameters = authority.parameters();
//! let policy = "role:nurse and clearance >= 2".parse()?;
//! let (header, secret) = encapsulate(parameters, &policy, b"context", &mut rng);
//! let recovered = decapsulate(parameters, &header, &key, b"context")?;
//! assert_eq!(recovered.as_bytes(), secret.as_bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same authority, made without a party that knows its secret:
//!
//! ```
//! use medshare_abe::issuance::{
//!     AuthorityDeal, CheckedDeal, DealtShare, SharedAuthority, Sharing, SharingEpoch,
//! };
//! use medshare_types::{ChainId, OrganisationId, hash::digest};
//!
//! let mut rng = rand::rng();
//! let chain = ChainId::from_digest(digest("example/chain", &[]));
//! let issuer = |i: u8| OrganisationId::from_digest(digest("example/issuer", &[&[i]]));
//! let issuers: Vec<OrganisationId> = (1..=3).map(issuer).collect();
//! let sharing = Sharing::new(chain, SharingEpoch(1), issuers.clone(), 2)?;
//!
//! // Every issuer deals: a public half for all, and a secret share for each.
//! let (mut checked, mut sent): (Vec<CheckedDeal>, Vec<Vec<DealtShare>>) = Default::default();
//! for dealer in &issuers {
//!     let (deal, shares): (AuthorityDeal, _) = sharing.deal(*dealer, &mut rng)?;
//!     checked.push(sharing.check_deal(*dealer, &deal)?);
//!     sent.push(shares);
//! }
//! let authority = SharedAuthority::from_deals(sharing.clone(), &checked)?;
//!
//! // The second issuer accepts its share of each deal.
//! let mine = checked.iter().zip(&sent).map(|(deal, shares)| {
//!     deal.accept(&sharing, issuers[1], &shares[1])
//! });
//! let share = authority.issuer_share(issuers[1], &mine.collect::<Result<Vec<_>, _>>()?)?;
//! assert_eq!(share.issuer(), issuers[1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`UserSecretKey`]: crate::UserSecretKey
//! [`UserSecretKey::seal_to`]: crate::UserSecretKey::seal_to

mod authority;
mod commitment;
mod deal;
mod error;
mod id;
mod partial;
mod proof;
mod recipient;
mod request;
mod share;
mod sharing;
mod whole;

pub use authority::SharedAuthority;
pub use deal::{AuthorityDeal, CheckedDeal, DealtShare, ShareContribution};
pub use error::{IssuanceError, SharingError};
pub use id::{IssuerIndex, SharingEpoch, SharingId};
pub use partial::{PartialKey, SealedPartialKey};
pub use recipient::{RecipientKey, RecipientKeyPair};
pub use request::IssuanceRequest;
pub use share::IssuerShare;
pub use sharing::Sharing;
pub use whole::SealedKey;
