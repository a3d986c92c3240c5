//! The trust anchor of a consortium, where every proof ends.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::committee::{Committee, CommitteeMember};
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
}

impl Default for ChainParameters {
    fn default() -> Self {
        Self {
            precision_ms: 500,
            message_delay_ms: 2_000,
            ticket_lifetime_ms: 120_000,
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
    /// Founding organisations in the order of their seats.
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

    /// The committee of epoch 0.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] when the members do not form a committee.
    pub fn committee(&self) -> Result<Committee, DecodeError> {
        let seat = |member: &GenesisMember| CommitteeMember {
            organisation: member.organisation(),
            key: member.key,
        };
        Committee::new(Epoch(0), self.members.iter().map(seat).collect())
    }

    /// The founding member with that name, and its seat.
    #[must_use]
    pub fn member_named(&self, name: &str) -> Option<(ReplicaId, &GenesisMember)> {
        let index = self.members.iter().position(|member| member.name == name)?;
        Some((ReplicaId(u16::try_from(index).ok()?), &self.members[index]))
    }
}
