//! The joint deal: every issuer deals a polynomial, and their sum shares the secret.
//!
//! A dealer commits to its coefficients in GT, proves that it knows its constant term, and sends
//! issuer i the point f(i)·g1. Without the proof the last dealer could cancel the others' constants
//! with its own; see `docs/spec/abe/issuance.md`.

use core::fmt;

use ark_ec::CurveGroup;
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::encoding::{decode_g1, encode_g1};
use medshare_curve::fixed_base::g1_generator_mul_regular;
use medshare_curve::polynomial::Polynomial;
use medshare_curve::{G1Affine, pairing};
use medshare_types::hash::Hasher;
use medshare_types::{Digest, G1Bytes, OrganisationId, RandomSource, Wire, canonical_bytes};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::commitment::{Commitments, GtBytes, commit};
use super::error::SharingError;
use super::id::IssuerIndex;
use super::proof::ConstantProof;
use super::sharing::Sharing;

const CONTEXT_TAG: &str = "medshare/abe/deal-context/v1";
const DEAL_TAG: &str = "medshare/abe/authority-deal/v1";

/// The public half of a deal: commitments in GT, and the proof of the constant term.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AuthorityDeal {
    commitments: Vec<GtBytes>,
    proof: ConstantProof,
}

impl Wire for AuthorityDeal {
    const KIND: [u8; 4] = *b"mADL";
    const MAX_LEN: usize = 1 << 20;
}

canonical_bytes!(AuthorityDeal);

impl AuthorityDeal {
    /// H(deal), for a record of the joint deal.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Hasher::new(DEAL_TAG).field(&self.to_wire()).finish()
    }
}

impl Sharing {
    /// Makes one dealer's contribution to a joint deal: the public deal, and the shares in the order
    /// of the issuers. Each share is for its issuer alone; the dealer's own is among them.
    ///
    /// Cost: t pairings, n + t fixed-base products, a proof.
    ///
    /// # Errors
    /// [`SharingError::NotAnIssuer`].
    ///
    /// # Security
    /// Deal once in a sharing. Shares need a channel that is secret and authenticated, which this
    /// crate does not provide. t shares of every dealer are the master key.
    pub fn deal(
        &self,
        dealer: OrganisationId,
        rng: &mut impl RandomSource,
    ) -> Result<(AuthorityDeal, Vec<DealtShare>), SharingError> {
        let index = self.index_of(dealer)?;
        let polynomial = Polynomial::random(self.threshold(), rng);
        let commitments = commit(&polynomial);
        let encoded: Vec<GtBytes> = commitments.elements().iter().map(GtBytes::of).collect();
        let constant = GtBytes::of(&commitments.constant());
        let context = self.context(index, &encoded);
        let proof = ConstantProof::new(&polynomial.constant(), &constant, &context, rng);
        let sharing = self.digest();
        let share = |(index, issuer): (IssuerIndex, &OrganisationId)| DealtShare {
            sharing,
            dealer,
            issuer: *issuer,
            point: Zeroizing::new(g1_generator_mul_regular(&polynomial.at(index.0)).into_affine()),
        };
        let shares = self.indices().zip(self.issuers()).map(share).collect();
        let deal = AuthorityDeal {
            commitments: encoded,
            proof,
        };
        Ok((deal, shares))
    }

    /// Checks the public half of a deal. A deal that passes may still come with a wrong share, which
    /// only the issuer that receives it can see.
    ///
    /// Cost: t decodings in GT, each an exponentiation, and the proof.
    ///
    /// # Errors
    /// [`SharingError`], naming `dealer`.
    pub fn check_deal(
        &self,
        dealer: OrganisationId,
        deal: &AuthorityDeal,
    ) -> Result<CheckedDeal, SharingError> {
        let index = self.index_of(dealer)?;
        let expected = usize::from(self.threshold());
        if deal.commitments.len() != expected {
            return Err(SharingError::CommitmentCount {
                dealer,
                expected,
                found: deal.commitments.len(),
            });
        }
        let decode = |(index, bytes): (usize, &GtBytes)| {
            let invalid = |source| SharingError::InvalidCommitment {
                dealer,
                index,
                source,
            };
            bytes.decode().map_err(invalid)
        };
        let elements = deal.commitments.iter().enumerate().map(decode);
        let commitments = Commitments::new(elements.collect::<Result<_, _>>()?);
        let context = self.context(index, &deal.commitments);
        if !deal.proof.holds(&commitments.constant(), &context) {
            return Err(SharingError::UnprovenConstant { dealer });
        }
        Ok(CheckedDeal {
            sharing: self.digest(),
            dealer,
            commitments,
        })
    }

    /// Binds a proof to the sharing, the dealer's index and all its commitments.
    fn context(&self, dealer: IssuerIndex, commitments: &[GtBytes]) -> Digest {
        let hasher = Hasher::new(CONTEXT_TAG).field(self.digest().as_ref());
        let hasher = hasher.field(&dealer.0.to_le_bytes());
        let add = |hasher: Hasher, element: &GtBytes| hasher.field(&element.0);
        commitments.iter().fold(hasher, add).finish()
    }
}

/// A deal whose public half passed [`Sharing::check_deal`].
#[derive(Clone, Debug)]
pub struct CheckedDeal {
    sharing: Digest,
    dealer: OrganisationId,
    commitments: Commitments,
}

impl CheckedDeal {
    /// The organisation whose deal was checked.
    #[must_use]
    pub const fn dealer(&self) -> OrganisationId {
        self.dealer
    }

    pub(super) const fn sharing(&self) -> &Digest {
        &self.sharing
    }

    pub(super) const fn commitments(&self) -> &Commitments {
        &self.commitments
    }

    /// Checks the share that `issuer` received: e(f(i)·g1, g2) = Σ i^k·A_k.
    ///
    /// Cost: a pairing, t short multiplications in GT.
    ///
    /// # Errors
    /// [`SharingError::MisdirectedShare`] when it is not this dealer's share for `issuer`, and
    /// [`SharingError::WrongShare`] when it contradicts the commitments: grounds for a complaint.
    pub fn accept(
        &self,
        sharing: &Sharing,
        issuer: OrganisationId,
        share: &DealtShare,
    ) -> Result<ShareContribution, SharingError> {
        let dealer = self.dealer;
        let index = sharing.index_of(issuer)?;
        let addressed = (share.sharing, share.dealer, share.issuer);
        if addressed != (self.sharing, dealer, issuer) || sharing.digest() != self.sharing {
            return Err(SharingError::MisdirectedShare { dealer });
        }
        if pairing::pairing(&share.point, &pairing::g2()) != self.commitments.at(index.0) {
            return Err(SharingError::WrongShare { dealer });
        }
        Ok(ShareContribution {
            dealer,
            issuer,
            point: share.point.clone(),
        })
    }
}

/// f(i)·g1: one dealer's share for one issuer. Erased when dropped, never printed.
#[derive(Clone)]
pub struct DealtShare {
    sharing: Digest,
    dealer: OrganisationId,
    issuer: OrganisationId,
    point: Zeroizing<G1Affine>,
}

#[derive(BorshSerialize, BorshDeserialize, Zeroize, ZeroizeOnDrop)]
struct EncodedShare {
    #[zeroize(skip)]
    sharing: Digest,
    #[zeroize(skip)]
    dealer: OrganisationId,
    #[zeroize(skip)]
    issuer: OrganisationId,
    point: [u8; 48],
}

impl Wire for EncodedShare {
    const KIND: [u8; 4] = *b"mADS";
    const MAX_LEN: usize = 256;
}

impl DealtShare {
    /// The organisation that made the share, as the share itself says.
    #[must_use]
    pub const fn dealer(&self) -> OrganisationId {
        self.dealer
    }

    /// The only organisation that may read the share.
    #[must_use]
    pub const fn issuer(&self) -> OrganisationId {
        self.issuer
    }

    /// The canonical bytes, which are secret: for the channel to the issuer.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let encoded = EncodedShare {
            sharing: self.sharing,
            dealer: self.dealer,
            issuer: self.issuer,
            point: encode_g1(&self.point).0,
        };
        encoded.to_secret_wire()
    }

    /// Parses the canonical bytes.
    ///
    /// # Errors
    /// [`SharingError::Decode`], or [`SharingError::InvalidShare`] with the dealer that the bytes
    /// name.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SharingError> {
        let encoded = EncodedShare::from_wire(bytes)?;
        let dealer = encoded.dealer;
        let invalid = |source| SharingError::InvalidShare { dealer, source };
        let point = decode_g1(&G1Bytes(encoded.point)).map_err(invalid)?;
        Ok(Self {
            sharing: encoded.sharing,
            dealer,
            issuer: encoded.issuer,
            point: Zeroizing::new(point),
        })
    }
}

impl fmt::Debug for DealtShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dealer, issuer, .. } = self;
        write!(f, "DealtShare({dealer:?} to {issuer:?}, secret)")
    }
}

/// A dealt share that its issuer has checked. Erased when dropped, never printed.
#[derive(Clone)]
pub struct ShareContribution {
    pub(super) dealer: OrganisationId,
    pub(super) issuer: OrganisationId,
    pub(super) point: Zeroizing<G1Affine>,
}

impl fmt::Debug for ShareContribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dealer, issuer, .. } = self;
        write!(f, "ShareContribution({dealer:?} to {issuer:?}, secret)")
    }
}
