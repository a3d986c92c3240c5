//! The trust anchor of a consortium, where every proof ends.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::committee::{Committee, CommitteeMember, MAX_MEMBERS, Quorum};
use crate::hash;
use crate::id::{ChainId, Epoch, OrganisationId, ReplicaId};
use crate::point::G1Bytes;
use crate::sign::VerifyingKey;
use crate::time::Timestamp;
use crate::wire::{DecodeError, Wire};

/// A founding organisation and its keys.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisMember {
    /// Readable name, unique in the genesis.
    pub name: String,
    /// Verifies its votes and transactions.
    pub key: VerifyingKey,
    /// H, the key that its shares of gate keys are encrypted to.
    pub holder_key: G1Bytes,
}

impl GenesisMember {
    /// Derived from its key.
    #[must_use]
    pub fn organisation(&self) -> OrganisationId {
        OrganisationId::of_key(&self.key)
    }
}

/// The attribute authority, which is separate from the gate holders.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisAuthority {
    /// Encoded public parameters of its CP-ABE instance.
    pub parameters: Vec<u8>,
}

/// Numbers of the rules, equal for every member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChainParameters {
    /// Allowed imprecision of clocks between proposer and validator, milliseconds.
    pub precision_ms: u64,
    /// Largest age of a proposal on arrival, milliseconds.
    pub message_delay_ms: u64,
    /// Lifetime of a ticket from its block's time (Δ), milliseconds.
    pub ticket_lifetime_ms: u64,
    /// The most seats of a committee; organisations beyond are candidates.
    pub committee_size: u16,
    /// The least block time of an epoch, milliseconds.
    pub epoch_min_ms: u64,
    /// The least number of heights of an epoch. It is raised to f + 9 + 2n where that is more.
    pub epoch_min_heights: u64,
}

impl Default for ChainParameters {
    fn default() -> Self {
        Self {
            precision_ms: 500,
            message_delay_ms: 2_000,
            ticket_lifetime_ms: 120_000,
            committee_size: 1024,
            epoch_min_ms: 3_600_000,
            epoch_min_heights: 160,
        }
    }
}

/// Everything that a chain starts from. Its digest is the [`ChainId`]; with it alone a client can
/// verify every header, proof and receipt of the chain offline.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    /// Random, so that two consortia never share a chain id.
    pub salt: [u8; 32],
    /// Time at which the consortium was founded.
    pub created: Timestamp,
    /// Founding organisations in the order of their numbers. The first ones sit in the first committee,
    /// the others are candidates.
    pub members: Vec<GenesisMember>,
    /// Issuer of attribute keys.
    pub authority: GenesisAuthority,
    /// Numbers of the rules, fixed for the chain.
    pub parameters: ChainParameters,
}

impl Wire for Genesis {
    const KIND: [u8; 4] = *b"mGEN";
}

impl Genesis {
    /// The digest of the genesis.
    #[must_use]
    pub fn chain_id(&self) -> ChainId {
        ChainId::from_digest(hash::digest(
            "medshare/types/genesis/v1",
            &[&self.to_wire()],
        ))
    }

    /// The committee of epoch 0: the first organisations, up to `parameters.committee_size`.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] when the members do not form a committee.
    pub fn committee(&self) -> Result<Committee, DecodeError> {
        let mut members = self.voters()?;
        members.truncate(self.parameters.committee_size.into());
        Committee::new(Epoch(0), members)
    }

    /// Every organisation, seated or not, with its number and the key that it votes with until it
    /// registers another.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] for fewer than 4, more than 1024, or repeated organisations.
    pub fn voters(&self) -> Result<Vec<CommitteeMember>, DecodeError> {
        let voter = |(number, member): (usize, &GenesisMember)| CommitteeMember {
            replica: ReplicaId(u16::try_from(number).unwrap_or(u16::MAX)),
            organisation: member.organisation(),
            key: member.key,
        };
        let members = self.members.iter().enumerate();
        let all = Committee::new(Epoch(0), members.map(voter).collect())?;
        Ok(all.members().to_vec())
    }

    /// The organisations' numbers, seated or not, ascending from 0.
    pub fn replicas(&self) -> impl ExactSizeIterator<Item = ReplicaId> + use<> {
        (0..self.organisations()).map(ReplicaId)
    }

    /// The number of organisations, seated or not; of more than 1024 the rest does not count.
    #[must_use]
    #[expect(clippy::expect_used, reason = "bounded by MAX_MEMBERS")]
    pub fn organisations(&self) -> u16 {
        let members = self.members.len().min(MAX_MEMBERS);
        u16::try_from(members).expect("at most 1024 organisations")
    }

    /// Quorum and tolerated faults over all organisations, seated or not: those of the gate's holders.
    #[must_use]
    pub fn quorum(&self) -> Quorum {
        Quorum::of(self.members.len())
    }

    /// The number of an organisation; `None` for a stranger.
    #[must_use]
    pub fn replica_of(&self, organisation: &OrganisationId) -> Option<ReplicaId> {
        let mut members = self.replicas().zip(&self.members);
        let found = members.find(|(_, member)| member.organisation() == *organisation)?;
        Some(found.0)
    }

    /// The founding member with that name, and its number.
    #[must_use]
    pub fn member_named(&self, name: &str) -> Option<(ReplicaId, &GenesisMember)> {
        let index = self.members.iter().position(|member| member.name == name)?;
        Some((ReplicaId(u16::try_from(index).ok()?), &self.members[index]))
    }
}
