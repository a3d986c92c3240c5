//! Failures with encrypted keys.

use medshare_host::passphrase::PassphraseError;
use medshare_types::DecodeError;

use super::{KeyError, SharingError};

/// A key was not encrypted or not decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Another passphrase, altered bytes, or a cost that is not paid.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The bytes are not an encrypted key.
    #[error("the encrypted key cannot be decoded")]
    Decode {
        /// What is wrong with them.
        #[from]
        source: DecodeError,
    },
    /// The bytes are a key of another kind.
    #[error("an encrypted {} where {} is wanted", found.escape_ascii(), expected.escape_ascii())]
    OtherKind {
        /// The kind that was asked for.
        expected: [u8; 4],
        /// The kind found.
        found: [u8; 4],
    },
    /// The key belongs to another authority, or the encrypted bytes are not a key.
    #[error("the key cannot be used")]
    Key {
        /// What is wrong with it.
        #[from]
        source: KeyError,
    },
    /// The share belongs to another sharing, or the encrypted bytes are not a share.
    #[error("the issuer's share cannot be used")]
    Share {
        /// What is wrong with it.
        #[from]
        source: SharingError,
    },
}
