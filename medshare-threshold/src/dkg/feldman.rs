//! The public side of a key ceremony: checks and sums that need no secret [Feldman 1987].
//!
//! Dealer i commits to f_i(X) = Σ a_ik·X^k, k < t, by C_ik = a_ik·g2 and gives holder j, counted
//! from 1, the share f_i(j). Then Y = Σ_i C_i0 and holder j's public share is
//! Y_j = Σ_i Σ_k j^k·C_ik = x_j·g2.

use ark_ec::{AffineRepr, CurveGroup};
use medshare_curve::encoding::{decode_g1, decode_g2, encode_g2};
use medshare_curve::fixed_base::g2_generator_mul;
use medshare_curve::{G2Affine, G2Projective, Scalar, polynomial};
use medshare_types::committee::{MAX_MEMBERS, all_distinct};
use medshare_types::hash::Hasher;
use medshare_types::{
    AccessClass, ChainId, Deal, Digest, G2Bytes, GateHolder, GateKey, GateKeyId, OrganisationId,
    Quorum, wire,
};

use super::checked::CHECKED;
use super::error::CeremonyError;

const LINEAGE_TAG: &str = "medshare/curve/ceremony-transcript/v1";

/// The public parameters of one ceremony, against which every deal is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    chain: ChainId,
    class: AccessClass,
    holders: Vec<OrganisationId>,
    threshold: u16,
}

impl Ceremony {
    /// `holders` in order; `threshold` shares will release a key.
    ///
    /// # Errors
    /// [`CeremonyError::InvalidHolders`] unless 1 ≤ threshold ≤ holders ≤ 1024 and none repeats.
    pub fn new(
        chain: ChainId,
        class: AccessClass,
        holders: Vec<OrganisationId>,
        threshold: u16,
    ) -> Result<Self, CeremonyError> {
        let sizes = 1 <= threshold && usize::from(threshold) <= holders.len();
        if !all_distinct(&holders) || !sizes || holders.len() > MAX_MEMBERS {
            return Err(CeremonyError::InvalidHolders {
                holders: holders.len(),
                threshold,
            });
        }
        Ok(Self {
            chain,
            class,
            holders,
            threshold,
        })
    }

    /// Chain whose id binds every encrypted share.
    #[must_use]
    pub const fn chain(&self) -> &ChainId {
        &self.chain
    }

    /// Class of access that the key releases.
    #[must_use]
    pub const fn class(&self) -> AccessClass {
        self.class
    }

    /// In order: holder j, counted from 1, gets the shares f_i(j).
    #[must_use]
    pub fn holders(&self) -> &[OrganisationId] {
        &self.holders
    }

    /// Shares needed to release, t.
    #[must_use]
    pub const fn threshold(&self) -> u16 {
        self.threshold
    }

    /// Checks the public values of a deal and decodes its commitments.
    ///
    /// A deal that passes can still hold a wrong share, which only its receiver can see.
    /// Cost: t points of G2 and n of G1 decoded, or a hash of a deal that this process found good
    /// lately.
    ///
    /// # Errors
    /// [`CeremonyError`] with `dealer` as the culprit.
    pub fn check_deal(
        &self,
        dealer: OrganisationId,
        deal: &Deal,
    ) -> Result<Commitments, CeremonyError> {
        let t = usize::from(self.threshold);
        let n = self.holders.len();
        if !self.holders.contains(&dealer) {
            return Err(CeremonyError::UnexpectedDealer { dealer });
        }
        if deal.commitments.len() != t {
            return Err(CeremonyError::CommitmentCount {
                dealer,
                expected: t,
                found: deal.commitments.len(),
            });
        }
        if deal.shares.len() != n {
            return Err(CeremonyError::ShareCount {
                dealer,
                expected: n,
                found: deal.shares.len(),
            });
        }
        // Over the whole deal: what is known of its commitments says nothing about other shares.
        let digest = deal.digest();
        if let Some(commitments) = CHECKED.find(&digest) {
            return Ok(commitments);
        }
        for (index, share) in deal.shares.iter().enumerate() {
            if let Err(source) = decode_g1(&share.ephemeral) {
                return Err(CeremonyError::InvalidEphemeral {
                    dealer,
                    index,
                    source,
                });
            }
        }
        let decode = |(index, bytes): (usize, &G2Bytes)| {
            let point = decode_g2(bytes).map_err(|source| CeremonyError::InvalidCommitment {
                dealer,
                index,
                source,
            })?;
            Ok(point.into())
        };
        let points = deal.commitments.iter().enumerate().map(decode);
        let commitments = Commitments::new(points.collect::<Result<_, _>>()?);
        CHECKED.insert(digest, commitments.clone());
        Ok(commitments)
    }

    /// Adds the deals up to the gate key: the same for the contract, a holder and any observer.
    ///
    /// Deals come in the order of the holders, at most one of each. A quorum of the holders must
    /// have dealt, so that at least one dealer is honest and x stays unknown to all.
    ///
    /// Cost: every deal checked once, and n·t short multiplications in G2.
    ///
    /// # Errors
    /// [`CeremonyError`], with the dealer at fault as the culprit where there is one.
    pub fn gate_key(&self, deals: &[(OrganisationId, &Deal)]) -> Result<GateKey, CeremonyError> {
        let needed = Quorum::of(self.holders.len()).quorum();
        if deals.len() < needed {
            return Err(CeremonyError::TooFewDeals {
                needed,
                found: deals.len(),
            });
        }
        let mut remaining = self.holders.iter();
        // Added up one by one: all deals of the largest holder set would take hundreds of megabytes.
        let mut sum = Commitments::new(Vec::new());
        for (dealer, deal) in deals {
            if !remaining.any(|holder| holder == dealer) {
                return Err(CeremonyError::UnexpectedDealer { dealer: *dealer });
            }
            sum = Commitments::sum([&sum, &self.check_deal(*dealer, deal)?]);
        }
        let public =
            encode_nonzero(&sum.constant().into_affine()).ok_or(CeremonyError::DegenerateKey)?;
        let lineage = self.lineage(deals);
        Ok(GateKey {
            id: GateKeyId::derive(&public, &lineage),
            class: self.class,
            generation: 0,
            threshold: self.threshold,
            public,
            holders: self.gate_holders(&sum)?,
            lineage,
        })
    }

    fn gate_holders(&self, sum: &Commitments) -> Result<Vec<GateHolder>, CeremonyError> {
        let values: Vec<G2Projective> = (1u16..)
            .take(self.holders.len())
            .map(|index| sum.at(index))
            .collect();
        let shares = G2Projective::normalize_batch(&values);
        let gate_holder = |(&organisation, share): (&OrganisationId, &G2Affine)| {
            let degenerate = CeremonyError::DegenerateShare {
                holder: organisation,
            };
            Ok(GateHolder {
                organisation,
                public_share: encode_nonzero(share).ok_or(degenerate)?,
            })
        };
        self.holders.iter().zip(&shares).map(gate_holder).collect()
    }

    /// H(chain ‖ class ‖ holders ‖ t ‖ (dealer, H(deal))…).
    fn lineage(&self, deals: &[(OrganisationId, &Deal)]) -> Digest {
        let frame = (&self.chain, &self.class, &self.holders, self.threshold);
        let hasher = Hasher::new(LINEAGE_TAG).field(&wire::to_borsh(&frame));
        let add = |hasher: Hasher, (dealer, deal): &(OrganisationId, &Deal)| {
            hasher.field(dealer.as_ref()).field(deal.digest().as_ref())
        };
        deals.iter().fold(hasher, add).finish()
    }
}

/// C_k for k < t, decoded and checked: a polynomial in the exponent.
pub type Commitments = polynomial::Commitments<G2Projective>;

/// Checks share·g2 = Σ_k j^k·C_k, that is `share` = f(j). Cost: t short multiplications in G2.
///
/// # Security
/// Indexes the generator's table by the share; a holder checks each share once.
#[must_use]
pub fn verify_share(commitments: &Commitments, index: u16, share: &Scalar) -> bool {
    g2_generator_mul(share) == commitments.at(index)
}

fn encode_nonzero(point: &G2Affine) -> Option<G2Bytes> {
    (!point.is_zero()).then(|| encode_g2(point))
}
