//! The issuers that share an authority's secret, and their threshold.

use medshare_types::committee::{MAX_MEMBERS, all_distinct};
use medshare_types::{ChainId, Digest, OrganisationId, hash, wire};

use super::error::SharingError;
use super::id::{IssuerIndex, SharingEpoch, SharingId};

const SHARING_TAG: &str = "medshare/abe/sharing/v1";

/// Chain, epoch, issuers and threshold: the frame in which every deal of a sharing is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing {
    chain: ChainId,
    epoch: SharingEpoch,
    issuers: Vec<OrganisationId>,
    threshold: u16,
}

impl Sharing {
    /// A sharing among distinct issuers, in order; `threshold` of them make a key.
    ///
    /// # Errors
    /// [`SharingError::InvalidIssuers`] unless 1 ≤ threshold ≤ issuers ≤ 1024 and none repeats.
    pub fn new(
        chain: ChainId,
        epoch: SharingEpoch,
        issuers: Vec<OrganisationId>,
        threshold: u16,
    ) -> Result<Self, SharingError> {
        let sizes = 1 <= threshold && usize::from(threshold) <= issuers.len();
        if !all_distinct(&issuers) || !sizes || issuers.len() > MAX_MEMBERS {
            return Err(SharingError::InvalidIssuers {
                issuers: issuers.len(),
                threshold,
            });
        }
        Ok(Self {
            chain,
            epoch,
            issuers,
            threshold,
        })
    }

    /// Chain on which the key is used.
    #[must_use]
    pub const fn chain(&self) -> &ChainId {
        &self.chain
    }

    /// Number of this sharing among those of its key.
    #[must_use]
    pub const fn epoch(&self) -> SharingEpoch {
        self.epoch
    }

    /// The issuers in the order of their indices.
    #[must_use]
    pub fn issuers(&self) -> &[OrganisationId] {
        &self.issuers
    }

    /// t, the number of issuers that make a key.
    #[must_use]
    pub const fn threshold(&self) -> u16 {
        self.threshold
    }

    /// The issuer at an index, or none for 0 and beyond the last.
    #[must_use]
    pub fn issuer_at(&self, index: IssuerIndex) -> Option<OrganisationId> {
        let position = usize::from(index.0).checked_sub(1)?;
        self.issuers.get(position).copied()
    }

    /// The index at which an issuer's share is evaluated.
    ///
    /// # Errors
    /// [`SharingError::NotAnIssuer`].
    pub fn index_of(&self, issuer: OrganisationId) -> Result<IssuerIndex, SharingError> {
        let mut indexed = self.indices().zip(&self.issuers);
        let found = indexed.find(|(_, other)| **other == issuer);
        let (index, _) = found.ok_or(SharingError::NotAnIssuer { issuer })?;
        Ok(index)
    }

    /// H(chain, epoch, issuers, threshold).
    #[must_use]
    pub fn digest(&self) -> Digest {
        let frame = (&self.chain, self.epoch, &self.issuers, self.threshold);
        hash::digest(SHARING_TAG, &[&wire::to_borsh(&frame)])
    }

    /// The indices of all issuers, ascending.
    pub(super) fn indices(&self) -> impl Iterator<Item = IssuerIndex> + use<> {
        (1..=MAX_MEMBERS as u16)
            .take(self.issuers.len())
            .map(IssuerIndex)
    }

    pub(super) const fn id(&self, key: Digest, authority: Digest) -> SharingId {
        SharingId {
            chain: self.chain,
            key,
            epoch: self.epoch,
            authority,
        }
    }
}

impl SharingId {
    /// Accepts the same id only; the error names the first field that differs.
    pub(super) fn expect(&self, found: &Self) -> Result<(), SharingError> {
        if (self.chain, self.key) != (found.chain, found.key) {
            Err(SharingError::OtherAuthority)
        } else if self.epoch != found.epoch {
            Err(SharingError::OtherEpoch {
                expected: self.epoch,
                found: found.epoch,
            })
        } else if self.authority != found.authority {
            Err(SharingError::OtherDeal)
        } else {
            Ok(())
        }
    }
}
