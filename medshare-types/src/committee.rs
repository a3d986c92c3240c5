//! The committee that orders blocks, and its quorum.

use std::collections::BTreeSet;

use borsh::io;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::{self, Digest};
use crate::id::{Epoch, OrganisationId, ReplicaId};
use crate::sign::VerifyingKey;
use crate::wire::{DecodeError, Wire, to_borsh};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CommitteeMember {
    /// Number of the organisation on the chain, the same in every committee.
    pub replica: ReplicaId,
    /// The organisation in the seat.
    pub organisation: OrganisationId,
    /// Verifies the votes of this seat.
    pub key: VerifyingKey,
}

/// The members that order blocks in one epoch, by ascending [`ReplicaId`]: the order of the seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee {
    epoch: Epoch,
    members: Vec<CommitteeMember>,
    digest: Digest,
}

impl Committee {
    /// Numbers must ascend strictly; organisations and keys must be distinct.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] for fewer than 4, more than 1024, repeated or disordered members.
    pub fn new(epoch: Epoch, members: Vec<CommitteeMember>) -> Result<Self, DecodeError> {
        let malformed = |reason: &str| {
            Err(DecodeError::Malformed {
                reason: reason.to_owned(),
            })
        };
        if members.len() < MIN_MEMBERS || members.len() > MAX_MEMBERS {
            return malformed("a committee has 4 to 1024 members");
        }
        if !members.is_sorted_by(|a, b| a.replica < b.replica) {
            return malformed("a committee's members ascend by number");
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

    /// The member with that number; `None` without a seat.
    #[must_use]
    pub fn member(&self, replica: ReplicaId) -> Option<&CommitteeMember> {
        self.seat_of(replica).map(|seat| &self.members[seat])
    }

    /// Index of a member's seat, from 0; `None` without a seat.
    #[must_use]
    pub fn seat_of(&self, replica: ReplicaId) -> Option<usize> {
        self.members
            .binary_search_by_key(&replica, |member| member.replica)
            .ok()
    }

    /// True when the organisation with that number has a seat.
    #[must_use]
    pub fn has(&self, replica: ReplicaId) -> bool {
        self.seat_of(replica).is_some()
    }

    /// The members' numbers in the order of the seats.
    pub fn replicas(&self) -> impl ExactSizeIterator<Item = ReplicaId> + Clone {
        self.members.iter().map(|member| member.replica)
    }

    /// The number of an organisation; `None` without a seat.
    #[must_use]
    pub fn replica_of(&self, organisation: &OrganisationId) -> Option<ReplicaId> {
        let mut members = self.members.iter();
        let member = members.find(|member| member.organisation == *organisation)?;
        Some(member.replica)
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

impl BorshSerialize for Committee {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        (self.epoch, &self.members).serialize(writer)
    }
}

/// Refuses what [`Committee::new`] refuses.
impl BorshDeserialize for Committee {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let (epoch, members) = BorshDeserialize::deserialize_reader(reader)?;
        Self::new(epoch, members).map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))
    }
}

impl Wire for Committee {
    const KIND: [u8; 4] = *b"mCOM";
    const MAX_LEN: usize = 128 * 1024;
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
