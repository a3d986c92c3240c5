//! Everything that can go wrong, one enum an operation.

mod issuance;
#[cfg(feature = "passphrase")]
mod storage;

use medshare_curve::EncodingError;
use medshare_policy::{Attribute, Condition, Date, Name};
use medshare_types::{DecodeError, FactorSet};

use crate::scheme::validity::Validity;

pub use issuance::{
    CombineError, ForeignSharing, IssuanceError, PartialError, PartialFault, SealedKeyError,
    SharingError,
};
pub use medshare_payload::PayloadError;
pub use medshare_policy::{NameError, PolicyError, SyntaxError};

#[cfg(feature = "passphrase")]
pub use storage::StorageError;

/// Why a key was not issued or not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes are no key.
    #[error("the key cannot be decoded")]
    Decode {
        /// What is wrong with them.
        #[from]
        source: DecodeError,
    },
    /// A point of the key is not valid.
    #[error("a point of the key is invalid")]
    Point {
        /// What is wrong with it.
        #[from]
        source: EncodingError,
    },
    /// A key has 1 to `limit` parts: one for a name, 33 for an integer, 17 for any other value.
    #[error("a key of {count} parts where 1 to {limit} are allowed")]
    AttributeCount {
        /// Parts that the attributes need.
        count: usize,
        /// Parts allowed.
        limit: usize,
    },
    /// Two values of one label: their holder would satisfy ranges that hold neither alone, and
    /// every `!=`.
    #[error("two values of the label {label}")]
    ConflictingValues {
        /// Which label.
        label: Name,
    },
    /// Attributes that the key does not hold cannot be delegated with it.
    #[error("the key does not hold {}", list(missing))]
    NotHeld {
        /// Which of those asked for.
        missing: Vec<Attribute>,
    },
    /// The key was issued under other public parameters.
    #[error("the key belongs to another authority")]
    OtherAuthority,
    /// The parts of the key do not satisfy the scheme's equation.
    #[error("the key's parts do not belong together")]
    Inconsistent,
}

/// Why bytes are no public parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParametersError {
    /// They do not decode.
    #[error("the public parameters cannot be decoded")]
    Decode {
        /// What is wrong with them.
        #[from]
        source: DecodeError,
    },
    /// E is no element of GT, or the identity.
    #[error("the element of the public parameters is invalid")]
    Element {
        /// What is wrong with it.
        #[from]
        source: EncodingError,
    },
}

/// A key would be for no sealing date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no day is from {from} on and before {until}")]
pub struct ValidityError {
    /// The first day.
    pub from: Date,
    /// The day after the last.
    pub until: Date,
}

/// Why a header gave no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecapsulateError {
    /// The attributes do not satisfy the policy. Told from public data alone.
    #[error("the policy is not satisfied; missing: {}", list(missing))]
    PolicyUnsatisfied {
        /// What [`AccessPolicy::missing`](crate::AccessPolicy::missing) says.
        missing: Vec<Condition>,
    },
    /// The key was issued under other public parameters.
    #[error("the key belongs to another authority")]
    OtherAuthority,
    /// The attributes satisfy the policy, and the header was sealed on a day that the key is not
    /// for.
    #[error("sealed on {sealed_on}, and the key is for {validity}")]
    NotValid {
        /// The header's sealing date.
        sealed_on: Date,
        /// The key's days.
        validity: Validity,
    },
    /// C1 or a C2 is no valid point. The same for every key.
    #[error("the header is invalid")]
    InvalidHeader,
    /// Strict decapsulation only: the header is not what its encapsulation would have been. Other
    /// associated data, a header of another authority and a dishonest sealer look the same.
    #[error("the header is not of this context and authority, or was not made honestly")]
    Rejected,
}

fn list(all: &[impl ToString]) -> String {
    let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// Why an access header or a wrapped key was not made or gave no data key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// It is another access header than the one on chain.
    #[error("another access header is registered")]
    DigestMismatch,
    /// The header carries another label than the one on chain.
    #[error("the header carries another label")]
    LabelMismatch,
    /// The label names another attribute-based header.
    #[error("the label names another attribute-based header")]
    HeaderMismatch,
    /// The attribute-based header has another sealing date than the label, or none.
    #[error("the header is not of the label's sealing date")]
    DateMismatch,
    /// The label names another preamble.
    #[error("the label names another payload")]
    PreambleMismatch,
    /// The factors given are not those of the label or the wrapped key.
    #[error("factors {given:#04x} where {needed:#04x} are needed", given = given.0, needed = needed.0)]
    FactorMismatch {
        /// The bitmap of what is needed.
        needed: FactorSet,
        /// The bitmap of what was given.
        given: FactorSet,
    },
    /// The attribute-based header gave no key.
    #[error("the header gives no key")]
    Decapsulate {
        /// Why not.
        #[from]
        source: DecapsulateError,
    },
    /// What was unwrapped does not open the payload: a factor is wrong, or a byte was changed.
    #[error("the data key is not this payload's")]
    WrongKey,
}

/// A descriptor that cannot be opened: another key, another payload, or a changed byte. Or one that
/// is too long to be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the descriptor cannot be sealed or opened")]
pub struct DescriptorError;
