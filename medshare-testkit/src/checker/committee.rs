//! The members of an epoch, and the digest that headers name them by.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::hash::{Digest, digest};
use medshare_types::id::{Epoch, OrganisationId, ReplicaId};
use medshare_types::sign::VerifyingKey;

use super::quorum::Quorum;

/// The seats of one epoch, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Committee {
    pub(super) epoch: Epoch,
    pub(super) members: BTreeMap<ReplicaId, (OrganisationId, VerifyingKey)>,
}

impl Committee {
    pub(super) fn quorum(&self) -> Quorum {
        Quorum::of(self.members.len())
    }

    pub(super) fn key(&self, member: ReplicaId) -> Option<&VerifyingKey> {
        self.members.get(&member).map(|(_, key)| key)
    }

    /// The seat that counts as the one before the first turn: number e mod n.
    pub(super) fn before_first(&self) -> ReplicaId {
        let seat = self.epoch.0 % self.members.len().max(1) as u64;
        let mut seats = self.members.keys();
        let seat = usize::try_from(seat).ok().and_then(|seat| seats.nth(seat));
        seat.copied().unwrap_or_default()
    }

    /// True for 4 to 1024 members with different keys.
    pub(super) fn may_sit(&self) -> bool {
        let keys: BTreeSet<_> = self
            .members
            .values()
            .map(|(_, key)| key.as_bytes())
            .collect();
        (4..=1_024).contains(&self.members.len()) && keys.len() == self.members.len()
    }

    /// Epoch, number of members, and of each its number, organisation and key.
    pub(super) fn digest(&self) -> Digest {
        let count = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        let mut bytes = self.epoch.0.to_le_bytes().to_vec();
        bytes.extend_from_slice(&count.to_le_bytes());
        for (replica, (organisation, key)) in &self.members {
            bytes.extend_from_slice(&replica.0.to_le_bytes());
            bytes.extend_from_slice(organisation.as_ref());
            bytes.extend_from_slice(key.as_bytes());
        }
        digest("medshare/types/committee/v1", &[&bytes])
    }
}
