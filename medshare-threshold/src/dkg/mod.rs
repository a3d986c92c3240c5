//! Distributed key generation over the ledger: joint Feldman [Gennaro et al. 2007, section 3].
//!
//! Every holder deals a random polynomial: commitments in the open, each share encrypted to its
//! receiver. Every holder checks every deal and its own share of it; one that finds fault names the
//! dealer. x = Σ_i f_i(0) is known to nobody, x_j = Σ_i f_i(j) to holder j.
//!
//! A dealer who sees the others' deals first can shift x by a δ of his choice. That does no harm
//! here: x·Q then differs from what it would have been by δ·Q, which he can compute for himself,
//! so a shifted key is as hard to use as one that is not.

mod ecies;
pub mod feldman;

use core::fmt;

use ark_ec::CurveGroup;
use medshare_curve::encoding::{decode_g1, encode_g2};
use medshare_curve::fixed_base::g2_generator_mul;
use medshare_curve::{G1Affine, Scalar};
use medshare_types::{AccessClass, ChainId, Deal, G1Bytes, GateKey, OrganisationId, RandomSource};
use zeroize::Zeroizing;

use self::ecies::ShareContext;
use self::feldman::Ceremony;
use crate::error::{BadDeal, CeremonyError};
use crate::holder::{HolderKeyPair, HolderShare};
use crate::shamir::Polynomial;

/// A ceremony together with the holders' encryption keys, every one checked.
#[derive(Clone, Debug)]
pub struct Roster {
    ceremony: Ceremony,
    keys: Vec<G1Bytes>,
    points: Vec<G1Affine>,
}

impl Roster {
    /// The holders in order, each with the key its shares are encrypted to; `threshold` of them
    /// will release.
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

    /// The public frame; its `gate_key` is the key that a set of deals makes.
    #[must_use]
    pub const fn ceremony(&self) -> &Ceremony {
        &self.ceremony
    }
}

/// One holder in one ceremony.
#[derive(Debug)]
pub struct Participant<'a> {
    roster: &'a Roster,
    pair: &'a HolderKeyPair,
    organisation: OrganisationId,
    /// From 1.
    place: u16,
}

impl<'a> Participant<'a> {
    /// The holder `organisation` with its key pair.
    ///
    /// # Errors
    /// [`CeremonyError::NotAHolder`], and [`CeremonyError::WrongKeyPair`] when the roster has
    /// another key: with that one no dealer could be blamed for a share that does not open.
    pub fn new(
        roster: &'a Roster,
        organisation: OrganisationId,
        pair: &'a HolderKeyPair,
    ) -> Result<Self, CeremonyError> {
        let (place, (_, key)) = (1u16..)
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
            place,
        })
    }

    /// This holder's deal. Cost: t fixed-base products in G2, n encryptions.
    ///
    /// # Security
    /// Deal once in a ceremony: two different deals on one chain are an equivocation.
    #[must_use]
    pub fn deal(&self, rng: &mut impl RandomSource) -> Deal {
        let ceremony = &self.roster.ceremony;
        let polynomial = Polynomial::random(ceremony.threshold(), rng);
        let commitments = polynomial.commitments();
        let context = ShareContext::new(ceremony, self.organisation, &commitments);
        let shares = (1u16..)
            .zip(&self.roster.points)
            .map(|(place, holder)| context.encrypt(place, holder, &polynomial.share(place), rng));
        Deal {
            shares: shares.collect(),
            commitments,
        }
    }

    /// Checks `dealer`'s deal and takes this holder's share out of it.
    ///
    /// Cost: the public checks of [`Ceremony::check_deal`], one blinded product, t short products
    /// in G2.
    ///
    /// # Errors
    /// [`BadDeal`]: what to complain about.
    pub fn open(
        &self,
        dealer: OrganisationId,
        deal: &Deal,
        rng: &mut impl RandomSource,
    ) -> Result<ShareContribution, BadDeal> {
        let ceremony = &self.roster.ceremony;
        let commitments = ceremony
            .check_deal(dealer, deal)
            .map_err(|source| BadDeal::Malformed { dealer, source })?;
        let share = ShareContext::new(ceremony, dealer, &deal.commitments)
            .decrypt(self.place, self.pair, deal, rng)
            .ok_or(BadDeal::Undecryptable { dealer })?;
        if !commitments.verify_share(self.place.into(), &share) {
            return Err(BadDeal::WrongShare { dealer });
        }
        Ok(ShareContribution { dealer, share })
    }

    /// x_j, from one contribution of every deal that made `key`.
    ///
    /// # Errors
    /// [`CeremonyError::NotAHolder`] when the key does not name this holder, and
    /// [`CeremonyError::InconsistentShare`] unless the sum is the share that the key names.
    pub fn combine(
        &self,
        key: &GateKey,
        contributions: &[ShareContribution],
    ) -> Result<HolderShare, CeremonyError> {
        let holder = self.organisation;
        let named = key.holders.iter().find(|h| h.organisation == holder);
        let named = named.ok_or(CeremonyError::NotAHolder {
            organisation: holder,
        })?;
        let secret: Scalar = contributions.iter().map(|c| *c.share).sum();
        let secret = Zeroizing::new(secret);
        let public = encode_g2(&g2_generator_mul(&secret).into_affine());
        if public != named.public_share {
            return Err(CeremonyError::InconsistentShare { holder });
        }
        Ok(HolderShare::new(key.id, key.generation, holder, secret))
    }
}

/// What one good deal gave this holder.
#[derive(Clone)]
pub struct ShareContribution {
    dealer: OrganisationId,
    share: Zeroizing<Scalar>,
}

impl ShareContribution {
    /// Who dealt it.
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
