//! The committee that orders blocks, and its quorum.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::{self, Digest};
use crate::id::{Epoch, OrganisationId, ReplicaId};
use crate::sign::VerifyingKey;
use crate::wire::{DecodeError, to_borsh};

/// Smallest committee, which tolerates one fault.
pub const MIN_MEMBERS: usize = 4;
/// Largest committee or holder set that formats allow. The work of founding one grows with the
/// square of its size for each member: 64 members were founded and measured, not more.
pub const MAX_MEMBERS: usize = 1024;

/// True when no two items are equal. Cost: one ordered set.
pub fn all_distinct<T: Ord>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    items.into_iter().all(|item| seen.insert(item))
}

/// Sizes that follow from n members: f = ⌊(n−1)/3⌋ faulty, q = ⌊(n+f)/2⌋+1 a quorum.
///
/// Two quorums share at least f+1 members for every n, so at least one honest member; the common
/// 2f+1 guarantees this only for n = 3f+1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    n: usize,
}

impl Quorum {
    /// Sizes for `n` members.
    #[must_use]
    pub const fn of(n: usize) -> Self {
        Self { n }
    }

    /// Number of members, n.
    #[must_use]
    pub const fn members(self) -> usize {
        self.n
    }

    /// Largest number of faulty members tolerated, f.
    #[must_use]
    pub const fn faulty(self) -> usize {
        self.n.saturating_sub(1) / 3
    }

    /// Votes of a quorum, q; also the gate's threshold t.
    #[must_use]
    pub const fn quorum(self) -> usize {
        (self.n + self.faulty()) / 2 + 1
    }
}

/// One seat: an organisation and the key it votes with in this epoch.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CommitteeMember {
    /// The organisation in the seat.
    pub organisation: OrganisationId,
    /// Verifies the votes of this seat.
    pub key: VerifyingKey,
}

/// The members that order blocks in one epoch. [`ReplicaId`] is a seat, an index into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee {
    epoch: Epoch,
    members: Vec<CommitteeMember>,
    digest: Digest,
}

impl Committee {
    /// Organisations and keys must be distinct.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] for fewer than 4, more than 1024, or repeated members.
    pub fn new(epoch: Epoch, members: Vec<CommitteeMember>) -> Result<Self, DecodeError> {
        let malformed = |reason: &str| {
            Err(DecodeError::Malformed {
                reason: reason.to_owned(),
            })
        };
        if members.len() < MIN_MEMBERS || members.len() > MAX_MEMBERS {
            return malformed("a committee has 4 to 1024 members");
        }
        let keys = members.iter().map(|member| member.key.as_bytes());
        if !all_distinct(keys) || !all_distinct(members.iter().map(|member| member.organisation)) {
            return malformed("a committee's members are distinct");
        }
        let fields = to_borsh(&(epoch, &members));
        let digest = hash::digest("medshare/types/committee/v1", &[&fields]);
        Ok(Self {
            epoch,
            members,
            digest,
        })
    }

    /// The term that the committee serves.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Members in the order of their seats.
    #[must_use]
    pub fn members(&self) -> &[CommitteeMember] {
        &self.members
    }

    /// The number of seats, 4 to 1024.
    #[must_use]
    pub fn seats(&self) -> u16 {
        #[expect(clippy::expect_used, reason = "`new` refuses more than 1024 members")]
        u16::try_from(self.members.len()).expect("at most 1024 members")
    }

    /// The member in a seat; `None` beyond the last seat.
    #[must_use]
    pub fn member(&self, replica: ReplicaId) -> Option<&CommitteeMember> {
        self.members.get(replica.index())
    }

    /// The seats, ascending from 0.
    pub fn replicas(&self) -> impl Iterator<Item = ReplicaId> + use<> {
        (0..self.seats()).map(ReplicaId)
    }

    /// The seat of an organisation; `None` for one outside the committee.
    #[must_use]
    pub fn replica_of(&self, organisation: &OrganisationId) -> Option<ReplicaId> {
        self.replicas()
            .zip(&self.members)
            .find(|(_, member)| member.organisation == *organisation)
            .map(|(seat, _)| seat)
    }

    /// Quorum and tolerated faults of this committee.
    #[must_use]
    pub fn quorum(&self) -> Quorum {
        Quorum::of(self.members.len())
    }

    /// Identifies the committee in a header's `next_committee`.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quorums_always_share_an_honest_member() {
        for n in 4..200 {
            let sizes = Quorum::of(n);
            let f = sizes.faulty();
            let q = sizes.quorum();
            assert!(2 * q > n + f, "n = {n}");
            assert!(q <= n - f, "n = {n}: the honest members alone are a quorum");
        }
        assert_eq!((Quorum::of(4).faulty(), Quorum::of(4).quorum()), (1, 3));
        assert_eq!(Quorum::of(6).quorum(), 4);
    }
}
