//! What the rules read: a map from digests to bytes, wherever it is kept.

use std::collections::BTreeMap;
use std::convert::Infallible;

use medshare_types::{DecodeError, Digest, Wire};

/// What a transaction, or a block, does to the state: new values, `None` for a removed one.
pub type Changes = BTreeMap<Digest, Option<Vec<u8>>>;

/// A state to read. Keys are those of [`crate::keys`], values the [`Wire`] bytes of
/// [`crate::state`].
pub trait StateView {
    /// Why a read can fail; a database's error. It never becomes a denial.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The value at `key`, if there is one.
    ///
    /// # Errors
    /// Whatever the storage under it reports.
    fn get(&self, key: &Digest) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The decoded value at `key`, if there is one.
    ///
    /// # Errors
    /// [`StateError::View`] from the storage, [`StateError::Corrupt`] where the bytes are not a
    /// value of type `T`.
    fn read<T: Wire>(&self, key: &Digest) -> Result<Option<T>, StateError<Self::Error>> {
        let bytes = self
            .get(key)
            .map_err(|source| StateError::View { source })?;
        bytes
            .map(|bytes| T::from_wire(&bytes))
            .transpose()
            .map_err(|source| StateError::Corrupt { key: *key, source })
    }
}

/// A state in memory.
impl StateView for BTreeMap<Digest, Vec<u8>> {
    type Error = Infallible;

    fn get(&self, key: &Digest) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(BTreeMap::get(self, key).cloned())
    }
}

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
