//! The trust anchor: what a consortium starts from and every proof ends at.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::committee::{Committee, CommitteeMember};
use crate::hash;
use crate::id::{ChainId, Epoch, OrganisationId, ReplicaId};
use crate::point::G1Bytes;
use crate::sign::VerifyingKey;
use crate::time::Timestamp;
use crate::wire::{DecodeError, Wire};

/// A founding organisation.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisMember {
    /// Its name, as people write it.
    pub name: String,
    /// The key it votes and signs transactions with.
    pub key: VerifyingKey,
    /// The public key its shares of gate keys are encrypted to.
    pub holder_key: G1Bytes,
}

impl GenesisMember {
    /// Its identifier.
    #[must_use]
    pub fn organisation(&self) -> OrganisationId {
        OrganisationId::of_key(&self.key)
    }
}

/// The attribute authority, apart from the gate holders.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisAuthority {
    /// The public parameters of its CP-ABE instance, encoded.
    pub parameters: Vec<u8>,
}

/// Rules that every member applies alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChainParameters {
    /// How far a proposal's time may lie from a validator's clock for imprecision, milliseconds.
    pub precision_ms: u64,
    /// How old a proposal may be on arrival, milliseconds.
    pub message_delay_ms: u64,
    /// How long a ticket is good for after its block's time (Δ), milliseconds.
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

/// Everything a chain starts from. Its digest is the [`ChainId`]; whoever holds it can verify
/// every header, proof and receipt of the chain offline.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    /// Random bytes: two consortia never share a chain.
    pub salt: [u8; 32],
    /// When it was made.
    pub created: Timestamp,
    /// The founding organisations, in the order of their seats.
    pub members: Vec<GenesisMember>,
    /// The attribute authority.
    pub authority: GenesisAuthority,
    /// The rules' numbers.
    pub parameters: ChainParameters,
}

impl Wire for Genesis {
    const KIND: [u8; 4] = *b"mGEN";
}

impl Genesis {
    /// The chain's name.
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
    /// [`DecodeError::Malformed`] when the members make no committee.
    pub fn committee(&self) -> Result<Committee, DecodeError> {
        let seat = |member: &GenesisMember| CommitteeMember {
            organisation: member.organisation(),
            key: member.key,
        };
        Committee::new(Epoch(0), self.members.iter().map(seat).collect())
    }

    /// The founding member of that name, with its seat.
    #[must_use]
    pub fn member_named(&self, name: &str) -> Option<(ReplicaId, &GenesisMember)> {
        let index = self.members.iter().position(|member| member.name == name)?;
        Some((ReplicaId(u16::try_from(index).ok()?), &self.members[index]))
    }
}
