//! Identifiers and counters, each a type of its own.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::{self, Digest};
use crate::random::RandomSource;
use crate::sign::VerifyingKey;
use crate::text;
use crate::wire::DecodeError;

macro_rules! digest_id {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        ///
        #[doc = concat!("Its text begins with `", $prefix, "1` and ends with a checksum, see [`text`].")]
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
        )]
        pub struct $name(Digest);

        impl $name {
            /// Wraps a digest that is known to be such an identifier.
            #[must_use]
            pub const fn from_digest(digest: Digest) -> Self {
                Self(digest)
            }

            /// The digest that the identifier wraps.
            #[must_use]
            pub const fn digest(&self) -> &Digest {
                &self.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                self.0.as_ref()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                text::write(f, $prefix, self.as_ref())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.0)
            }
        }

        impl core::str::FromStr for $name {
            type Err = DecodeError;

            /// White space around the text is left out.
            fn from_str(text: &str) -> Result<Self, DecodeError> {
                let bytes = text::parse($prefix, text.trim())?;
                let refused = DecodeError::InvalidText { prefix: $prefix };
                let bytes = bytes.try_into().map_err(|_| refused)?;
                Ok(Self(Digest::from_bytes(bytes)))
            }
        }
    )*};
}

digest_id! {
    /// A consortium's chain: the digest of its genesis.
    ChainId = "chain";
    /// A legal member of the consortium.
    OrganisationId = "organisation";
    /// A patient or clinician, by pseudonym.
    PersonId = "person";
    /// A record, over all its versions.
    RecordId = "record-id";
    /// A grant of consent: derived from the transaction that gave it.
    GrantId = "grant";
    /// A ticket: derived from the transaction that requested it.
    TicketId = "ticket";
    /// A transaction: the digest of its signed bytes.
    TransactionId = "transaction";
    /// A gate key: digest of its public point and of the ceremony that made it.
    GateKeyId = "gate-key";
}

macro_rules! counter {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            BorshSerialize, BorshDeserialize,
        )]
        pub struct $name(pub $inner);

        impl $name {
            /// The successor; saturates at the largest value.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

counter! {
    /// Position of a block in the chain: 1 for the first block, 0 for genesis, which has none.
    Height(u64);
    /// A view of PBFT, from 0 in every epoch.
    View(u64);
    /// The term of one committee, from 0.
    Epoch(u64);
    /// The number of an organisation's replica on the chain, from 0 in the order of the genesis. It is
    /// the same in every committee, with a seat or without.
    ReplicaId(u16);
    /// The version of a record, from 1.
    RecordVersion(u32);
}

impl Height {
    /// The predecessor; `None` for 0.
    #[must_use]
    pub const fn previous(self) -> Option<Self> {
        match self.0.checked_sub(1) {
            Some(height) => Some(Self(height)),
            None => None,
        }
    }
}

impl ReplicaId {
    /// The number as an index into the organisations of the genesis.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// 16 random bytes that make one sender's transactions differ.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Nonce(pub [u8; 16]);

impl Nonce {
    /// Draws a fresh nonce.
    #[must_use]
    pub fn random(rng: &mut impl RandomSource) -> Self {
        Self(rng.array())
    }
}

/// The sender of a transaction.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub enum Principal {
    /// A member organisation of the consortium.
    Organisation(OrganisationId),
    /// A patient or clinician.
    Person(PersonId),
}

impl From<OrganisationId> for Principal {
    fn from(id: OrganisationId) -> Self {
        Self::Organisation(id)
    }
}

impl From<PersonId> for Principal {
    fn from(id: PersonId) -> Self {
        Self::Person(id)
    }
}

impl OrganisationId {
    /// The organisation whose first signing key is `key`.
    #[must_use]
    pub fn of_key(key: &VerifyingKey) -> Self {
        Self(hash::digest(
            "medshare/types/organisation-id/v1",
            &[key.as_bytes()],
        ))
    }
}

impl PersonId {
    /// The person whose first signing key is `key`: a pseudonym that says nothing else.
    #[must_use]
    pub fn of_key(key: &VerifyingKey) -> Self {
        Self(hash::digest(
            "medshare/types/person-id/v1",
            &[key.as_bytes()],
        ))
    }
}

impl RecordId {
    /// `H(tag ‖ owner ‖ opening)`: another owner cannot register an id that it saw in flight.
    #[must_use]
    pub fn derive(owner: &OrganisationId, opening: &[u8; 32]) -> Self {
        Self(hash::digest(
            "medshare/types/record-id/v1",
            &[owner.as_ref(), opening],
        ))
    }
}

impl GrantId {
    /// The grant that `transaction` gives.
    #[must_use]
    pub fn of_transaction(transaction: &TransactionId) -> Self {
        Self(hash::digest(
            "medshare/types/grant-id/v1",
            &[transaction.as_ref()],
        ))
    }
}

impl TicketId {
    /// The ticket that `transaction` requests.
    #[must_use]
    pub fn of_transaction(transaction: &TransactionId) -> Self {
        Self(hash::digest(
            "medshare/types/ticket-id/v1",
            &[transaction.as_ref()],
        ))
    }
}

impl GateKeyId {
    /// `H(Y ‖ lineage)`, where `lineage` is the digest of the ceremony's transcript.
    #[must_use]
    pub fn derive(public: &crate::point::G2Bytes, lineage: &Digest) -> Self {
        Self(hash::digest(
            "medshare/types/gate-key-id/v1",
            &[public.as_ref(), lineage.as_ref()],
        ))
    }
}
