//! A shared authority: made by a trusted or by a joint deal, it opens, checks and combines partial
//! keys.

use core::fmt;
use std::collections::BTreeMap;

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Zero;
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::fixed_base::g1_generator_mul_regular;
use medshare_curve::polynomial::Polynomial;
use medshare_curve::scalar::lagrange_at_zero;
use medshare_curve::{G1Affine, G1Projective, pairing};
use medshare_types::{ChainId, DecodeError, Digest, OrganisationId, RandomSource, Wire, hash};
use zeroize::Zeroizing;

use super::commitment::{Commitments, GtBytes, commit};
use super::deal::{CheckedDeal, ShareContribution};
use super::error::{IssuanceError, SharingError};
use super::id::{IssuerIndex, SharingEpoch, SharingId};
use super::partial::{PartialKey, SealedPartialKey};
use super::recipient::RecipientKeyPair;
use super::request::IssuanceRequest;
use super::share::IssuerShare;
use super::sharing::Sharing;
use crate::scheme::error::KeyError;
use crate::scheme::key::{KeyBody, UserSecretKey, check_issuable};
use crate::scheme::master::MasterSecretKey;
use crate::scheme::parameters::PublicParameters;

const AUTHORITY_TAG: &str = "medshare/abe/shared-authority/v1";

/// The public side of an authority whose secret is shared: its issuers, and the commitments A_0, …,
/// A_{t−1} in GT. A_0 is E, so senders encapsulate to it as to any other authority.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedAuthority {
    sharing: Sharing,
    commitments: Commitments,
    parameters: PublicParameters,
    id: SharingId,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Encoded {
    chain: ChainId,
    epoch: SharingEpoch,
    issuers: Vec<OrganisationId>,
    threshold: u16,
    commitments: Vec<GtBytes>,
}

impl Wire for Encoded {
    const KIND: [u8; 4] = *b"mSHA";
    const MAX_LEN: usize = 1 << 20;
}

impl SharedAuthority {
    fn new(sharing: Sharing, commitments: Commitments) -> Self {
        let parameters = PublicParameters::new(commitments.constant());
        let digest = hash::digest(AUTHORITY_TAG, &[&encode(&sharing, &commitments)]);
        Self {
            id: sharing.id(parameters.digest(), digest),
            commitments,
            parameters,
            sharing,
        }
    }

    /// The trusted deal: the holder of the master key shares it, and should then erase it. The
    /// public parameters do not change, so existing keys and headers stay usable.
    ///
    /// Cost: n + t fixed-base products, t pairings, n·t short multiplications in GT.
    ///
    /// # Security
    /// The dealer knows the master key; [`Sharing::deal`] makes an authority without such a dealer.
    /// Shares are returned in the order of the issuers, each for its issuer alone. t shares of an
    /// older deal remain as powerful as the master key and must be erased ([`SharingEpoch`]).
    #[must_use]
    pub fn deal(
        sharing: Sharing,
        master: &MasterSecretKey,
        rng: &mut impl RandomSource,
    ) -> (Self, Vec<IssuerShare>) {
        // α·g1 + f(i)·g1 with f(0) = 0: α itself is not needed.
        let polynomial = Polynomial::through_zero(sharing.threshold(), rng);
        let commitments = commit(&polynomial).shifted(&master.parameters().e());
        let authority = Self::new(sharing, commitments);
        let share = |(index, issuer): (IssuerIndex, &OrganisationId)| {
            let rest = Zeroizing::new(g1_generator_mul_regular(&polynomial.at(index.0)));
            let point = Zeroizing::new((*rest + master.alpha_g1()).into_affine());
            authority.share_at((index, *issuer), point)
        };
        let indices = authority.sharing.indices();
        let shares = indices
            .zip(authority.sharing.issuers())
            .map(share)
            .collect();
        (authority, shares)
    }

    /// The authority that a joint deal makes. Every party computes the same one from the same deals.
    ///
    /// `deals` follows the order of the issuers, with at most one of each and at least t. Then at
    /// least one dealer is honest: t dishonest issuers can issue keys without dealing. The parties
    /// agree elsewhere on which deals count; a deal with a justified complaint must not.
    ///
    /// # Errors
    /// [`SharingError::TooFewDeals`], [`SharingError::UnexpectedDealer`], and
    /// [`SharingError::DegenerateKey`].
    pub fn from_deals(sharing: Sharing, deals: &[CheckedDeal]) -> Result<Self, SharingError> {
        let needed = usize::from(sharing.threshold());
        if deals.len() < needed {
            return Err(SharingError::TooFewDeals {
                needed,
                found: deals.len(),
            });
        }
        let digest = sharing.digest();
        let mut issuers = sharing.issuers().iter();
        for deal in deals {
            let dealer = deal.dealer();
            if *deal.sharing() != digest || !issuers.any(|issuer| *issuer == dealer) {
                return Err(SharingError::UnexpectedDealer { dealer });
            }
        }
        let commitments = Commitments::sum(deals.iter().map(CheckedDeal::commitments));
        if commitments.elements().iter().any(Zero::is_zero) {
            return Err(SharingError::DegenerateKey);
        }
        Ok(Self::new(sharing, commitments))
    }

    /// Sums an issuer's share from one contribution of every deal that made this authority.
    ///
    /// Cost: a pairing, t short multiplications in GT.
    ///
    /// # Errors
    /// [`SharingError::NotAnIssuer`], and [`SharingError::WrongContributions`] unless the sum is
    /// consistent with the commitments.
    pub fn issuer_share(
        &self,
        issuer: OrganisationId,
        contributions: &[ShareContribution],
    ) -> Result<IssuerShare, SharingError> {
        let index = self.sharing.index_of(issuer)?;
        let points = contributions.iter().map(|c| G1Projective::from(*c.point));
        let point = Zeroizing::new(points.sum::<G1Projective>().into_affine());
        let addressed = contributions.iter().all(|c| c.issuer == issuer);
        let public = pairing::pairing(&point, &pairing::g2());
        if !addressed || point.is_zero() || public != self.commitments.at(index.0) {
            return Err(SharingError::WrongContributions { issuer });
        }
        Ok(self.share_at((index, issuer), point))
    }

    /// Opens a partial key with the recipient's key pair and checks it: every point is in its
    /// subgroup and not the identity, and the partial key is a key under the issuer's α_i for the
    /// attributes and days of the request.
    ///
    /// Cost: for each component a hash to G1, a decoding and two short multiplications; two
    /// pairings; t short multiplications in GT.
    ///
    /// # Errors
    /// [`IssuanceError::InvalidPartial`] names the culprit: ask another issuer. All other errors
    /// say that request, key pair and sealed partial key do not belong together.
    pub fn open_partial(
        &self,
        request: &IssuanceRequest,
        recipient: &RecipientKeyPair,
        sealed: &SealedPartialKey,
        rng: &mut impl RandomSource,
    ) -> Result<PartialKey, IssuanceError> {
        self.id.expect(&request.sharing)?;
        if recipient.public() != request.recipient {
            return Err(IssuanceError::WrongRecipient);
        }
        let index = sealed.index();
        let issuer = self.sharing.issuer_at(index);
        let issuer = issuer.ok_or(IssuanceError::NoSuchIssuer { index })?;
        check_issuable(&request.attributes)?;
        let digest = request.digest();
        if sealed.request_digest() != digest {
            return Err(IssuanceError::OtherRequest { issuer });
        }
        let mut open = || -> Result<KeyBody, KeyError> {
            let plaintext = sealed.open(recipient).ok_or(KeyError::Undecryptable)?;
            let body = KeyBody::read(&plaintext, &request.attributes, request.validity)?;
            self.check_partial(index, &body, rng)?;
            Ok(body)
        };
        let body = open().map_err(|source| IssuanceError::InvalidPartial { issuer, source })?;
        Ok(PartialKey::new((index, issuer), request, digest, body))
    }

    /// Combines t partial keys to the requested key: Σ λ_i·K1_i, Σ λ_i·K_u,i, Σ λ_i·K3_i with the
    /// Lagrange weights λ_i of their issuers' indices. Of more than t, those with the lowest indices
    /// are used.
    ///
    /// Cost: for each component a sum of t products, and the check of
    /// [`UserSecretKey::from_bytes`].
    ///
    /// # Errors
    /// [`IssuanceError`] for too few partial keys, two of one issuer, one of another epoch or for
    /// another request. [`IssuanceError::Key`] if the result is not a key of this authority, which
    /// partial keys that it opened itself cannot cause.
    pub fn combine(
        &self,
        request: &IssuanceRequest,
        partials: &[PartialKey],
        rng: &mut impl RandomSource,
    ) -> Result<UserSecretKey, IssuanceError> {
        self.id.expect(&request.sharing)?;
        let digest = request.digest();
        let mut by_index = BTreeMap::new();
        for partial in partials {
            let issuer = partial.issuer();
            let epoch = partial.epoch();
            if epoch != request.sharing.epoch {
                return Err(IssuanceError::OtherEpoch { issuer, epoch });
            }
            if partial.request_digest() != digest {
                return Err(IssuanceError::OtherRequest { issuer });
            }
            if by_index.insert(partial.index(), partial.body()).is_some() {
                return Err(IssuanceError::RepeatedIssuer { issuer });
            }
        }
        let needed = usize::from(self.sharing.threshold());
        let used: Vec<(IssuerIndex, &KeyBody)> = by_index.into_iter().take(needed).collect();
        if used.len() < needed {
            return Err(IssuanceError::TooFewPartials {
                needed,
                found: used.len(),
            });
        }
        let indices: Vec<u64> = used.iter().map(|(index, _)| index.0.into()).collect();
        let bodies: Vec<&KeyBody> = used.into_iter().map(|(_, body)| body).collect();
        let body = KeyBody::combine(&bodies, &lagrange_at_zero(&indices))?;
        Ok(body.checked(&self.parameters, rng)?)
    }

    /// Checks that a partial key is a key under its issuer's α_i:
    /// e(K1 + Σ w_u·K_u, g2) = E_i + e(B + Σ w_u·H(u), K3) with random 128-bit weights w_u.
    ///
    /// K1 needs no weight of its own: where some K_u is wrong, its weight makes the equation false
    /// but for one value in 2¹²⁸; where none is, K1 alone decides.
    fn check_partial(
        &self,
        index: IssuerIndex,
        body: &KeyBody,
        rng: &mut impl RandomSource,
    ) -> Result<(), KeyError> {
        if body.fits(&self.commitments.at(index.0), rng) {
            Ok(())
        } else {
            Err(KeyError::Inconsistent)
        }
    }

    /// The issuers, and how many of them make a key.
    #[must_use]
    pub const fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    /// The public parameters that senders encapsulate to and keys are checked against.
    #[must_use]
    pub const fn parameters(&self) -> &PublicParameters {
        &self.parameters
    }

    /// The id that requests to its issuers carry.
    #[must_use]
    pub const fn id(&self) -> SharingId {
        self.id
    }

    /// H(authority), for a record of the agreement.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.id.authority
    }

    /// The canonical bytes: t elements of GT, and nothing of α in any other group.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(&self.sharing, &self.commitments)
    }

    /// Parses the canonical bytes. Cost: t exponentiations in GT.
    ///
    /// # Errors
    /// [`SharingError::Decode`], [`SharingError::InvalidIssuers`], and [`SharingError::Point`],
    /// also when a commitment is the identity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SharingError> {
        let encoded = Encoded::from_wire(bytes)?;
        let threshold = encoded.threshold;
        let sharing = Sharing::new(encoded.chain, encoded.epoch, encoded.issuers, threshold)?;
        if encoded.commitments.len() != usize::from(threshold) {
            let reason = "there are as many commitments as the threshold says".to_owned();
            return Err(SharingError::Decode {
                source: DecodeError::Malformed { reason },
            });
        }
        let elements = encoded.commitments.iter().map(GtBytes::decode);
        let commitments = Commitments::new(elements.collect::<Result<_, _>>()?);
        Ok(Self::new(sharing, commitments))
    }

    fn share_at(
        &self,
        (index, issuer): (IssuerIndex, OrganisationId),
        point: Zeroizing<G1Affine>,
    ) -> IssuerShare {
        let public = self.commitments.at(index.0);
        IssuerShare::new(self.id, (index, issuer), point, public)
    }
}

impl IssuerShare {
    /// Parses the canonical bytes and checks the share: e(α_i·g1, g2) = E_i.
    ///
    /// Cost: a pairing, t short multiplications in GT.
    ///
    /// # Errors
    /// [`SharingError::Decode`] or [`SharingError::Point`] for invalid bytes,
    /// [`SharingError::OtherAuthority`], [`SharingError::OtherEpoch`] or [`SharingError::OtherDeal`]
    /// for another sharing's share, [`SharingError::NoSuchIssuer`], and
    /// [`SharingError::InconsistentShare`] for a share that contradicts the commitments.
    pub fn from_bytes(bytes: &[u8], authority: &SharedAuthority) -> Result<Self, SharingError> {
        Self::read(bytes, authority.id, |index| {
            let issuer = authority.sharing.issuer_at(index)?;
            Some((issuer, authority.commitments.at(index.0)))
        })
    }
}

fn encode(sharing: &Sharing, commitments: &Commitments) -> Vec<u8> {
    Encoded {
        chain: *sharing.chain(),
        epoch: sharing.epoch(),
        issuers: sharing.issuers().to_vec(),
        threshold: sharing.threshold(),
        commitments: commitments.elements().iter().map(GtBytes::of).collect(),
    }
    .to_wire()
}

impl fmt::Debug for SharedAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threshold = self.sharing.threshold();
        let issuers = self.sharing.issuers().len();
        let key = self.parameters.digest();
        write!(f, "SharedAuthority({key:?}, {threshold} of {issuers})")
    }
}
