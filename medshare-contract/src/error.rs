//! What can go wrong that is no denial: storage, a state of another rule version, a bad genesis.

use medshare_types::{DecodeError, Digest};

/// The state cannot be read, so nothing can be decided. Never a property of the transaction: a
/// member that meets it stops rather than disagree with the others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError<E: std::error::Error + 'static> {
    /// The storage failed.
    #[error("the state cannot be read")]
    View {
        /// What it reported.
        source: E,
    },
    /// A value is not of the type that stands at its key.
    #[error("the state is corrupt at {key}")]
    Corrupt {
        /// Where.
        key: Digest,
        /// What does not decode.
        source: DecodeError,
    },
    /// The state has no value that it must have.
    #[error("the state has nothing at {key}, where every chain has a value")]
    Missing {
        /// Where.
        key: Digest,
    },
    /// The chain runs under rules that this release does not know.
    #[error("the chain runs under rules of version {version}, which this release does not know")]
    UnknownRules {
        /// The version in the state.
        version: u32,
    },
}

/// Why a genesis makes no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// Its members make no committee.
    #[error("the founding members make no committee")]
    Committee {
        /// Why not.
        source: DecodeError,
    },
    /// A member's name is not 1 to 64 characters of a–z, 0–9, `-`, `_` and `.`, or is another
    /// member's.
    #[error(
        "the founding member's name {name:?} is taken, or not 1 to 64 of a-z, 0-9, '-', '_', '.'"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A member's holder key is no point that shares can be encrypted to, or another member's.
    #[error("the holder key of {name:?} is invalid or taken")]
    HolderKey {
        /// The member's name.
        name: String,
    },
}
