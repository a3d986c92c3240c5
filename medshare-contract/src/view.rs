//! The state as the rules read it: a map from digests to bytes, over any storage.

use std::collections::BTreeMap;
use std::convert::Infallible;

use medshare_threshold::CeremonyError;
use medshare_types::{DecodeError, Digest, Wire};

/// Changes of a transaction or block: new values, and `None` for a removed one.
pub type Changes = BTreeMap<Digest, Option<Vec<u8>>>;

/// Read access to a state. Keys are those of [`crate::keys`], values the [`Wire`] bytes of
/// [`crate::state`].
pub trait StateView {
    /// Error of the storage under the view. It never becomes a denial.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Reads the bytes at `key`; `None` where there is no value.
    ///
    /// # Errors
    /// The error of the storage.
    fn get(&self, key: &Digest) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Reads and decodes the value at `key`; `None` where there is none.
    ///
    /// # Errors
    /// [`StateError::View`] from the storage, [`StateError::Corrupt`] where the bytes are not a value of
    /// type `T`.
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

/// A state in memory, which cannot fail.
impl StateView for BTreeMap<Digest, Vec<u8>> {
    type Error = Infallible;

    fn get(&self, key: &Digest) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(BTreeMap::get(self, key).cloned())
    }
}

/// A state that cannot be read or is invalid, so that no outcome can be decided.
///
/// Never a property of the transaction: a member that meets it stops, rather than disagree with the
/// others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum StateError<E: std::error::Error + 'static> {
    /// The storage under the view failed.
    #[error("the state cannot be read")]
    View { source: E },
    /// The value at `key` is not of its type.
    #[error("the state is corrupt at {key}")]
    Corrupt { key: Digest, source: DecodeError },
    /// The holder set at `key` does not form a ceremony.
    #[error("the holder set at {key} is invalid")]
    InvalidHolders { key: Digest, source: CeremonyError },
    /// Every chain has a value at `key`, and this state has none.
    #[error("the state has no value at {key}, where every chain has one")]
    Missing { key: Digest },
    /// The state names a version of the rules that this release does not implement.
    #[error("the chain runs under rules of version {version}, which this release does not know")]
    UnknownRules { version: u32 },
}
