//! Distributed key generation over the ledger: joint Feldman [Gennaro et al. 2007, section 3].
//!
//! Every holder deals a random polynomial: public commitments, and one share encrypted to each
//! receiver. Every holder checks every deal and its own share of it; a holder that finds a fault
//! names the dealer. No party knows x = Σ_i f_i(0); holder j alone knows x_j = Σ_i f_i(j).
//!
//! A dealer that sees the other deals first can shift x by a δ of its choice. This is harmless
//! here: x·Q then changes by δ·Q, which the dealer can compute without the shift, so a shifted key
//! is as hard to use as an unshifted one.

mod checked;
mod ecies;
mod error;
pub mod feldman;

use core::fmt;

use ark_ec::CurveGroup;
use medshare_curve::encoding::{decode_g1, encode_g2};
use medshare_curve::fixed_base::g2_generator_mul;
use medshare_curve::polynomial::Polynomial;
use medshare_curve::{G1Affine, G2Projective, Scalar};
use medshare_types::{AccessClass, ChainId, Deal, G1Bytes, GateKey, OrganisationId, RandomSource};
use zeroize::Zeroizing;

use self::ecies::ShareContext;
use self::feldman::{Ceremony, verify_share};
use crate::holder::{HolderKeyPair, HolderShare};

pub use self::error::CeremonyError;

/// A ceremony and the holders' encryption keys, decoded and checked.
#[derive(Clone, Debug)]
pub struct Roster {
    ceremony: Ceremony,
    keys: Vec<G1Bytes>,
    points: Vec<G1Affine>,
}

impl Roster {
    /// `holders` in order, each with its encryption key; `threshold` of them will release.
    ///
    /// # Errors
    /// [`CeremonyError::InvalidHolders`] and [`CeremonyError::InvalidHolderKey`].
    pub fn new(
        chain: ChainId,
        class: AccessClass,
        holders: &[(OrganisationId, G1Bytes)],
        threshold: u16,
    ) -> Result<Self, CeremonyError> {
        let organisations = holders.iter().map(|(organisation, _)| *organisation);
        let ceremony = Ceremony::new(chain, class, organisations.collect(), threshold)?;
        let points = holders.iter().map(|(holder, key)| {
            decode_g1(key).map_err(|source| CeremonyError::InvalidHolderKey {
                holder: *holder,
                source,
            })
        });
        Ok(Self {
            ceremony,
            points: points.collect::<Result<_, _>>()?,
            keys: holders.iter().map(|(_, key)| *key).collect(),
        })
    }

    /// The public side, whose `gate_key` adds up a set of deals.
    #[must_use]
    pub const fn ceremony(&self) -> &Ceremony {
        &self.ceremony
    }
}

/// One holder's side of a ceremony.
#[derive(Debug)]
pub struct Participant<'a> {
    roster: &'a Roster,
    pair: &'a HolderKeyPair,
    organisation: OrganisationId,
    /// The holder's index, from 1.
    index: u16,
}

impl<'a> Participant<'a> {
    /// # Errors
    /// [`CeremonyError::NotAHolder`], and [`CeremonyError::WrongKeyPair`] when the roster has
    /// another key: a share that does not open would then prove nothing against its dealer.
    pub fn new(
        roster: &'a Roster,
        organisation: OrganisationId,
        pair: &'a HolderKeyPair,
    ) -> Result<Self, CeremonyError> {
        let (index, (_, key)) = (1u16..)
            .zip(roster.ceremony.holders().iter().zip(&roster.keys))
            .find(|(_, (holder, _))| **holder == organisation)
            .ok_or(CeremonyError::NotAHolder { organisation })?;
        if *key != pair.public() {
            return Err(CeremonyError::WrongKeyPair {
                holder: organisation,
            });
        }
        Ok(Self {
            roster,
            pair,
            organisation,
            index,
        })
    }

    /// Draws this holder's deal. Cost: t fixed-base products in G2, n encryptions.
    ///
    /// # Security
    /// Deal once per ceremony: two different deals on one chain are an equivocation.
    #[must_use]
    pub fn deal(&self, rng: &mut impl RandomSource) -> Deal {
        let ceremony = &self.roster.ceremony;
        let polynomial = Polynomial::random(ceremony.threshold(), rng);
        // The only time that a coefficient indexes the generator's table.
        let committed = polynomial.commitments(g2_generator_mul);
        let commitments: Vec<_> = G2Projective::normalize_batch(committed.elements())
            .iter()
            .map(encode_g2)
            .collect();
        let context = ShareContext::new(ceremony, self.organisation, &commitments);
        let shares = (1u16..)
            .zip(&self.roster.points)
            .map(|(index, holder)| context.encrypt(index, holder, &polynomial.at(index), rng));
        Deal {
            shares: shares.collect(),
            commitments,
        }
    }

    /// Checks the deal of `dealer` and decrypts this holder's share of it.
    ///
    /// Cost: the public checks of [`Ceremony::check_deal`], one blinded product, t short products
    /// in G2.
    ///
    /// # Errors
    /// [`CeremonyError`] with `dealer` as the culprit to complain about.
    pub fn open(
        &self,
        dealer: OrganisationId,
        deal: &Deal,
        rng: &mut impl RandomSource,
    ) -> Result<ShareContribution, CeremonyError> {
        let ceremony = &self.roster.ceremony;
        let commitments = ceremony.check_deal(dealer, deal)?;
        let share = ShareContext::new(ceremony, dealer, &deal.commitments)
            .decrypt(self.index, self.pair, deal, rng)
            .ok_or(CeremonyError::Undecryptable { dealer })?;
        if !verify_share(&commitments, self.index, &share) {
            return Err(CeremonyError::WrongShare { dealer });
        }
        Ok(ShareContribution { dealer, share })
    }

    /// Adds up x_j, from one contribution of every deal that made `key`.
    ///
    /// # Errors
    /// [`CeremonyError::NotAHolder`] when the key does not name this holder, and
    /// [`CeremonyError::InconsistentShare`] when the sum does not match its public share.
    pub fn combine(
        &self,
        key: &GateKey,
        contributions: &[ShareContribution],
    ) -> Result<HolderShare, CeremonyError> {
        let holder = self.organisation;
        let named = key
            .holders
            .iter()
            .find(|named| named.organisation == holder)
            .ok_or(CeremonyError::NotAHolder {
                organisation: holder,
            })?;
        let secret: Zeroizing<Scalar> =
            Zeroizing::new(contributions.iter().map(|c| *c.share).sum());
        let public = encode_g2(&g2_generator_mul(&secret).into_affine());
        if public != named.public_share {
            return Err(CeremonyError::InconsistentShare { holder });
        }
        Ok(HolderShare::new(key.id, key.generation, holder, secret))
    }
}

/// This holder's decrypted share of one good deal.
#[derive(Clone)]
pub struct ShareContribution {
    dealer: OrganisationId,
    share: Zeroizing<Scalar>,
}

impl ShareContribution {
    /// The holder that dealt it.
    #[must_use]
    pub const fn dealer(&self) -> OrganisationId {
        self.dealer
    }
}

impl fmt::Debug for ShareContribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShareContribution({:?}, secret)", self.dealer)
    }
}
