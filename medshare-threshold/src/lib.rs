//! The time gate: distributed keys, and their release by t of n holders to one reader at a time.
//!
//! **Is:** the cryptography of the gate without input or output. Holders make a key together
//! ([`dkg`]); a writer seals a label to it ([`gate`]); a reader proves a fresh session key
//! ([`session`]); each holder judges by facts of its own committed state ([`rules`]) and makes a
//! share for that session key alone ([`release`]); the reader combines them ([`open`]).
//!
//! **Is not:** a key server. It fetches nothing: labels, tickets, grants and times are arguments,
//! and a holder that passes anything but its *own* committed state gives the gate away.
//!
//! # Security
//!
//! Not audited. Fewer than t holders learn nothing of a label's factor, in the random-oracle model
//! under the bilinear Diffie–Hellman assumption and static corruption (`docs/spec/gate.md`). Shares
//! for one label are the same under every ticket, so holders that released for it once to readers
//! who collude count towards t for ever. t holders together need no ticket. A reader who has opened
//! keeps the factor.
//!
//! ```
//! use medshare_threshold::{dkg::{Participant, Roster}, holder::HolderKeyPair};
//! use medshare_types::{hash::digest, AccessClass, ChainId, OrganisationId};
//! use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//!
//! let mut rng = ChaCha20Rng::seed_from_u64(1);
//! let chain = ChainId::from_digest(digest("example", &[]));
//! let pairs: Vec<_> = (0..4).map(|_| HolderKeyPair::random(&mut rng)).collect();
//! let holders: Vec<_> = (0..4u8)
//!     .map(|n| OrganisationId::from_digest(digest("example", &[&[n]])))
//!     .zip(pairs.iter().map(HolderKeyPair::public))
//!     .collect();
//! let roster = Roster::new(chain, AccessClass::Normal, &holders, 3)?;
//!
//! // Everyone deals on chain, opens its share of every deal, and adds up.
//! let mut deals = Vec::new();
//! for ((organisation, _), pair) in holders.iter().zip(&pairs) {
//!     deals.push((*organisation, Participant::new(&roster, *organisation, pair)?.deal(&mut rng)));
//! }
//! let key = roster.ceremony().gate_key(&deals.iter().map(|(o, d)| (*o, d)).collect::<Vec<_>>())?;
//! let first = Participant::new(&roster, holders[0].0, &pairs[0])?;
//! let mut contributions = Vec::new();
//! for (dealer, deal) in &deals {
//!     contributions.push(first.open(*dealer, deal, &mut rng)?);
//! }
//! let share = first.combine(&key, &contributions)?;
//! assert_eq!(share.key(), &key.id);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`shamir`] | secret sharing over the scalars |
//! | [`holder`] | what a holder keeps: its decryption key, its share of a gate key |
//! | [`dkg`] | deals, opening them, adding them up; [`dkg::feldman`], their public side |
//! | [`gate`] | sealing a label: the factor of a key |
//! | [`session`] | the reader's session secret and its proof |
//! | [`rules`] | when a holder may release |
//! | [`release`] | making a share |
//! | [`open`] | combining shares, naming bad ones |
//! | [`evidence`] | showing others that a share was bad |
//!
//! Papers: Shamir, CACM 22 (1979); Feldman, FOCS 1987; Gennaro–Jarecki–Krawczyk–Rabin, J.
//! Cryptology 20 (2007) on the bias of joint Feldman; Boneh–Franklin, CRYPTO 2001, and Boldyreva,
//! PKC 2003, for the threshold extraction of identity keys; Ferrara–Green–Hohenberger–Pedersen,
//! CT-RSA 2009, for batch verification.
//!
//! # Deviations
//!
//! Boneh–Franklin's extracted key is released blinded for one session (ElGamal in G1) and never
//! stands in the clear outside the reader. The ceremony has no round of public complaints with
//! proofs yet: one complaint stops it, and it is begun again without the one at fault.
#![forbid(unsafe_code)]

pub mod dkg;
pub mod error;
pub mod evidence;
pub mod gate;
pub mod holder;
pub mod open;
pub mod release;
pub mod rules;
pub mod session;
pub mod shamir;

pub use dkg::feldman::Ceremony;
pub use dkg::{Participant, Roster, ShareContribution};
pub use error::{
    BadDeal, CeremonyError, DealError, InvalidSecret, RecoverError, Refusal, ReleaseError,
    SealError, ShareFault,
};
pub use evidence::check_share;
pub use gate::{GateFactor, GateSealer};
pub use holder::{HolderKeyPair, HolderShare};
pub use open::{Recovered, recover};
pub use rules::{Permit, ReleaseFacts, may_release};
pub use session::SessionSecret;
