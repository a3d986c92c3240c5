//! The tables of the file, and typed access to them.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | `schema`, `chain`, `record` | u32 little-endian, 32 bytes, the tip's record as given |
//! | `headers` | height | [`CertifiedHeader`](crate::CertifiedHeader) |
//! | `bodies` | height | the transactions |
//! | `attestations` | height | the attestations |
//! | `receipts` | height | the transactions' receipts |
//! | `roots` | height, 0 for genesis | [`ExecutedRoots`](medshare_types::ExecutedRoots) |
//! | `boundaries` | epoch that ends | [`Boundary`](crate::Boundary) |
//! | `named` | executed height | the first height whose header names its roots |
//! | `places` | transaction id | height and index in that block, the first if several |
//! | `nodes` | version, big-endian, then nibble path | tree node |
//! | `values` | state key, then version, big-endian | value or none, from that version on |
//!
//! Values are borsh; the schema version replaces their envelopes.

use std::error::Error;

use borsh::BorshDeserialize;
use medshare_types::wire::{from_borsh, to_borsh};
use medshare_types::{DecodeError, Digest, ExecutedRoots, Height, TransactionId};
use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use super::error::StoreError;

/// Incremented whenever an older file could be misread.
pub(super) const SCHEMA: u32 = 0;

pub(super) type Bytes = &'static [u8];

pub(super) const META: TableDefinition<'_, &str, Bytes> = TableDefinition::new("meta");
pub(super) const HEADERS: TableDefinition<'_, u64, Bytes> = TableDefinition::new("headers");
pub(super) const BODIES: TableDefinition<'_, u64, Bytes> = TableDefinition::new("bodies");
pub(super) const ATTESTATIONS: TableDefinition<'_, u64, Bytes> =
    TableDefinition::new("attestations");
pub(super) const RECEIPTS: TableDefinition<'_, u64, Bytes> = TableDefinition::new("receipts");
pub(super) const ROOTS: TableDefinition<'_, u64, Bytes> = TableDefinition::new("roots");
pub(super) const BOUNDARIES: TableDefinition<'_, u64, Bytes> = TableDefinition::new("boundaries");
pub(super) const NAMED: TableDefinition<'_, u64, u64> = TableDefinition::new("named");
pub(super) const TRANSACTIONS: TableDefinition<'_, &[u8; 32], (u64, u64)> =
    TableDefinition::new("places");
pub(super) const NODES: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("nodes");
pub(super) const VALUES: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("values");

/// Key in [`META`] of the record that belongs to the tip.
pub(super) const RECORD: &str = "record";

/// Reads and decodes the value under a key.
pub(super) fn load<'k, K: Key + 'static, T: BorshDeserialize>(
    table: &impl ReadableTable<K, Bytes>,
    key: K::SelfType<'k>,
) -> Result<Option<T>, StoreError> {
    let found = table.get(key).map_err(failed)?;
    found
        .map(|guard| from_borsh(guard.value()).map_err(undecodable))
        .transpose()
}

/// Reads and decodes the value under the largest key.
pub(super) fn last<T: BorshDeserialize>(
    table: &impl ReadableTable<u64, Bytes>,
) -> Result<Option<T>, StoreError> {
    let found = table.last().map_err(failed)?;
    found
        .map(|(_, guard)| from_borsh(guard.value()).map_err(undecodable))
        .transpose()
}

/// The newest value of a state key at or below a version.
pub(super) fn value_at(
    values: &impl ReadableTable<Bytes, Bytes>,
    key: &Digest,
    version: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let first = value_key(key, 0);
    let last = value_key(key, version);
    let mut range = values
        .range::<&[u8]>(first.as_slice()..=last.as_slice())
        .map_err(failed)?;
    match range.next_back() {
        Some(entry) => from_borsh(entry.map_err(failed)?.1.value()).map_err(undecodable),
        None => Ok(None),
    }
}

/// `key ‖ version`, so that the versions of one key lie side by side, oldest first.
pub(super) fn value_key(key: &Digest, version: u64) -> [u8; 40] {
    let mut bytes = [0; 40];
    bytes[..32].copy_from_slice(key.as_bytes());
    bytes[32..].copy_from_slice(&version.to_be_bytes());
    bytes
}

/// The block that first holds a transaction, and the transaction's index in it.
pub(super) fn locate(
    indices: &impl ReadableTable<&'static [u8; 32], (u64, u64)>,
    transaction: &TransactionId,
) -> Result<Option<(Height, usize)>, StoreError> {
    let found = indices
        .get(transaction.digest().as_bytes())
        .map_err(failed)?;
    let Some((height, index)) = found.map(|guard| guard.value()) else {
        return Ok(None);
    };
    let index = usize::try_from(index).map_err(|_| corrupt("an index beyond memory"))?;
    Ok(Some((Height(height), index)))
}

pub(super) fn write_roots(
    write: &WriteTransaction,
    roots: &ExecutedRoots,
) -> Result<(), StoreError> {
    let mut table = write.open_table(ROOTS).map_err(failed)?;
    let bytes = to_borsh(roots);
    table.insert(roots.height.0, &*bytes).map_err(failed)?;
    Ok(())
}

/// Opens a table that every ledger file has.
pub(super) fn open<K: Key + 'static, V: redb::Value + 'static>(
    read: &ReadTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<redb::ReadOnlyTable<K, V>, StoreError> {
    read.open_table(table).map_err(failed)
}

pub(super) fn undecodable(error: DecodeError) -> StoreError {
    corrupt_by("an entry cannot be decoded", error)
}

pub(super) fn corrupt(reason: impl Into<String>) -> StoreError {
    StoreError::Corrupt {
        reason: reason.into(),
        source: None,
    }
}

fn corrupt_by(reason: &str, error: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::Corrupt {
        reason: reason.to_owned(),
        source: Some(Box::new(error)),
    }
}

/// Maps a failure of the database to its meaning for the caller.
pub(super) fn failed(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => StoreError::InUse,
        redb::Error::Corrupted(reason) => corrupt(reason),
        redb::Error::UpgradeRequired(version) => StoreError::NotALedger {
            reason: format!("a database of format {version}"),
            source: None,
        },
        redb::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            StoreError::NotALedger {
                reason: "not a database".to_owned(),
                source: Some(Box::new(error)),
            }
        }
        redb::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            corrupt_by("the file ends too early", error)
        }
        redb::Error::Io(source) => StoreError::Io { source },
        redb::Error::TableDoesNotExist(table) => corrupt(format!("table {table} is missing")),
        error @ (redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TypeDefinitionChanged { .. }) => {
            corrupt_by("a table has another type", error)
        }
        error => StoreError::Backend {
            source: Box::new(error),
        },
    }
}
