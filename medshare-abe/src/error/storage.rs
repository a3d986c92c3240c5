//! What can be wrong with encrypted keys.

use medshare_types::DecodeError;

use super::{KeyError, SharingError};
use crate::storage::PassphraseCost;

/// Why a secret was not encrypted or not decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The passphrase is another one, or the bytes were altered.
    #[error("wrong passphrase, or altered")]
    Locked,
    /// More memory or passes than are allowed, fewer than Argon2id needs, or more than there is.
    #[error("{} KiB and {} passes are no acceptable cost", cost.memory_kib, cost.passes)]
    Cost {
        /// The cost.
        cost: PassphraseCost,
    },
    /// The bytes are no encrypted key.
    #[error("the encrypted key cannot be decoded")]
    Decode {
        /// What is wrong with them.
        #[from]
        source: DecodeError,
    },
    /// They are a key of another kind.
    #[error("an encrypted {} where {} is wanted", found.escape_ascii(), expected.escape_ascii())]
    OtherKind {
        /// The kind that was asked for.
        expected: [u8; 4],
        /// The kind found.
        found: [u8; 4],
    },
    /// The key belongs to another authority, or what was encrypted is no key.
    #[error("the key cannot be used")]
    Key {
        /// What is wrong with it.
        #[from]
        source: KeyError,
    },
    /// The share belongs to another sharing, or what was encrypted is no share.
    #[error("the issuer's share cannot be used")]
    Share {
        /// What is wrong with it.
        #[from]
        source: SharingError,
    },
    /// The secret is too long to be encrypted.
    #[error("the secret is too long")]
    TooLong,
}
