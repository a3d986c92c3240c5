//! The time gate: distributed keys, and their release by t of n holders to one reader at a time.
//!
//! **Is:** the cryptography of the gate, without I/O. Holders generate a key together ([`dkg`]); a
//! writer seals a label to it ([`gate`]); a reader proves a fresh session key ([`session`]); each
//! holder checks facts of its own committed state ([`rules`]) and makes a share for that session
//! key alone ([`release`]); the reader combines the shares ([`open`]).
//!
//! **Is not:** a key server. It fetches nothing: labels, tickets, grants and times are arguments,
//! and a holder that passes anything but its *own* committed state defeats the gate.
//!
//! # Security
//!
//! Not audited. Fewer than t holders learn nothing about a label's factor, in the random-oracle
//! model under the bilinear Diffie–Hellman assumption and static corruption (`docs/spec/gate.md`).
//! Shares for one label are the same under every ticket, so holders that once released for it to
//! colluding readers count towards t for ever. t holders together need no ticket. A reader that has
//! opened a label keeps its factor.
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
//! // Every holder deals on chain, opens its share of every deal, and adds the shares up.
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
//! | [`holder`] | a holder's secrets: its decryption key, its share of a gate key |
//! | [`dkg`] | deals, opening them, adding them up; [`dkg::feldman`], their public side |
//! | [`gate`] | sealing of a label: its factor |
//! | [`session`] | the reader's session secret and its proof |
//! | [`rules`] | conditions of a release |
//! | [`release`] | release shares |
//! | [`open`] | combining shares, finding bad ones |
//! | [`evidence`] | evidence against a bad share |
//!
//! Papers: Shamir, CACM 22 (1979); Feldman, FOCS 1987; Gennaro–Jarecki–Krawczyk–Rabin, J.
//! Cryptology 20 (2007) on the bias of joint Feldman; Boneh–Franklin, CRYPTO 2001, and Boldyreva,
//! PKC 2003, for the threshold extraction of identity keys; Ferrara–Green–Hohenberger–Pedersen,
//! CT-RSA 2009, for batch verification.
//!
//! # Deviations
//!
//! Boneh–Franklin's extracted key is released blinded for one session (ElGamal in G1) and never
//! exists in the clear outside the reader. The ceremony has no round of public complaints with
//! proofs yet: one complaint stops it, and it starts again without the culprit.
#![forbid(unsafe_code)]

pub mod dkg;
pub mod evidence;
pub mod gate;
pub mod holder;
pub mod open;
pub mod release;
pub mod rules;
pub mod session;

pub use dkg::feldman::Ceremony;
pub use dkg::{CeremonyError, Participant, Roster, ShareContribution};
pub use evidence::{ShareFault, check_share};
pub use gate::{GateError, GateFactor, GateSealer};
pub use holder::{HolderKeyPair, HolderShare};
pub use open::{RecoverError, Recovered, recover};
pub use rules::{Permit, Refusal, ReleaseFacts, may_release};
pub use session::SessionSecret;
