//! The public side of a shared authority, and the two ways in which it comes to be.

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

/// What everybody knows of an authority whose secret is shared: who issues, and A_0, …, A_{t−1} in
/// GT. A_0 is E, so to whoever encapsulates it is an authority like any other.
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

    /// The trusted deal: whoever has the master key shares it out, and should then erase it. The
    /// public parameters stay as they are, so keys and headers go on working.
    ///
    /// Cost: n + t fixed-base products, t pairings, n·t short multiplications in GT.
    ///
    /// # Security
    /// The dealer knows everything; it is where an authority that exists becomes a shared one.
    /// [`Sharing::deal`] has no such dealer. Shares are returned in the order of the issuers, each
    /// for its issuer alone. The shares of older deals remain as good as the master key and must be
    /// erased ([`SharingEpoch`]).
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

    /// What the deals of a joint deal make: the same for everybody who has them.
    ///
    /// Deals come in the order of the issuers, at most one of each, and at least t, so that one of
    /// them is of somebody who is honest: t who are not need no deal to issue what they like.
    /// Which deals count is agreed on elsewhere; a dealer about whom somebody rightly complains
    /// must not.
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

    /// The issuer's share, from one contribution of every deal that made this authority.
    ///
    /// Cost: a pairing, t short multiplications in GT.
    ///
    /// # Errors
    /// [`SharingError::NotAnIssuer`], and [`SharingError::WrongContributions`] unless the sum is
    /// what the commitments say.
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

    /// Opens a part with the recipient's keys and checks it: every point in its subgroup and not
    /// the identity, and the whole a key under the issuer's α_i for what was asked.
    ///
    /// Cost: for each part of the key a hash to G1, a decoding and two short multiplications; two
    /// pairings; t short multiplications in GT.
    ///
    /// # Errors
    /// [`IssuanceError::InvalidPartial`] names the issuer whose part is no good: ask another one. The others
    /// say that request, keys and sealed part do not belong together.
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

    /// The key that t parts make: Σ λ_i·K1_i, Σ λ_i·K_u,i, Σ λ_i·K3_i with the Lagrange weights λ_i
    /// of their places. More than t may be given; the first t by place are used.
    ///
    /// Cost: for each part of the key a sum of t products, and the check that
    /// [`UserSecretKey::from_bytes`] makes.
    ///
    /// # Errors
    /// [`IssuanceError`]: too few parts, two of one issuer, one of another epoch or for another
    /// request, naming whose. [`IssuanceError::Key`] if what they make is no key of this authority,
    /// which parts that were checked under it cannot cause.
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
            let (issuer, epoch) = (partial.issuer(), partial.epoch());
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

    /// Whether a part is a key under its issuer's α_i:
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

    /// Who issues.
    #[must_use]
    pub const fn sharing(&self) -> &Sharing {
        &self.sharing
    }

    /// What is needed to encapsulate, and to check keys.
    #[must_use]
    pub const fn parameters(&self) -> &PublicParameters {
        &self.parameters
    }

    /// What requests to its issuers name.
    #[must_use]
    pub const fn id(&self) -> SharingId {
        self.id
    }

    /// H(authority), for the record of what was agreed on.
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
    /// [`SharingError`]: bytes that are no share, of another authority or epoch, or not what the
    /// commitments say.
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
        let (threshold, issuers) = (self.sharing.threshold(), self.sharing.issuers().len());
        let key = self.parameters.digest();
        write!(f, "SharedAuthority({key:?}, {threshold} of {issuers})")
    }
}
