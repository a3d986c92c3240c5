//! Reasons to refuse a contact card.

use std::fmt;

use medshare_types::{ChainId, OrganisationId, Timestamp};

/// The reason why a contact card is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContactFault {
    /// The text or bytes are not a card: cut off, mistyped, or something else.
    Malformed,
    /// The person is not the owner of the key.
    ForeignKey,
    /// The key did not sign these fields.
    BadSignature,
    /// The name has characters that a reader cannot see, or too many.
    UnreadableName,
    /// It introduces a person of another consortium.
    OtherChain {
        /// The chain that the card names.
        chain: ChainId,
    },
    /// It is over by this computer's clock.
    Expired {
        /// From this moment on it is refused.
        not_after: Timestamp,
    },
    /// The chain has no such person.
    NotEnrolled,
    /// The chain has the person with another organisation or another key.
    OtherEnrolment {
        /// Enrolled the person, as the chain has it.
        organisation: OrganisationId,
    },
}

impl fmt::Display for ContactFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("is cut off or mistyped; copy it again"),
            Self::ForeignKey => f.write_str("names a person by a key that is not theirs"),
            Self::BadSignature => f.write_str("was altered, or is forged"),
            Self::UnreadableName => f.write_str("has a name that cannot be read as it is written"),
            Self::OtherChain { chain } => write!(f, "is of another consortium, {chain}"),
            Self::Expired { not_after } => {
                write!(f, "is over since {not_after}; ask for a new one")
            }
            Self::NotEnrolled => f.write_str("is of a person whom no organisation has enrolled"),
            Self::OtherEnrolment { organisation } => {
                write!(
                    f,
                    "does not name the person as {organisation} enrolled them"
                )
            }
        }
    }
}
