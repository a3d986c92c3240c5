//! FABEO with its Fujisaki–Okamoto layer: `docs/spec/abe/scheme.md` and
//! `docs/spec/abe/fujisaki-okamoto.md`.
//!
//! | | |
//! |---|---|
//! | [`element`], [`points`], [`gt`] | inputs of the hash to G1, products of hashed points, multiples of E |
//! | [`structure`], [`sharing`] | the rows of a policy, a secret shared over them, the rows to read |
//! | [`parameters`], [`master`], [`key`], [`validity`] | the authority and the keys it issues |
//! | [`header`], [`encapsulate`], [`decapsulate`], [`fujisaki_okamoto`] | the key encapsulation |

pub(crate) mod decapsulate;
pub(crate) mod element;
pub(crate) mod encapsulate;
pub(crate) mod error;
pub(crate) mod fujisaki_okamoto;
pub(crate) mod gt;
#[cfg(feature = "hazmat")]
pub mod hazmat;
pub(crate) mod header;
pub(crate) mod key;
pub(crate) mod master;
pub(crate) mod parameters;
pub(crate) mod points;
pub(crate) mod sharing;
pub(crate) mod structure;
pub(crate) mod validity;
