//! Failures of stores.

use medshare_host::TaskError;

/// A `Result` with [`StoreError`] by default.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// An error of the store's own implementation.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// A failed request to object stores.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the variants explain their fields")]
pub enum StoreError {
    /// The store failed, or gave no answer in time.
    #[error("the object store of {organisation} failed: {source}")]
    Failed {
        organisation: String,
        source: Source,
    },
    /// The disk of the store has no room.
    #[error("the object store of {organisation} has no room: {source}")]
    DiskFull {
        organisation: String,
        source: Source,
    },
    /// The store lacks the marker that was written when it was prepared.
    #[error("the object store of {organisation} is empty or not mounted")]
    Missing { organisation: String },
    /// The store is marked as another's, or holds records of a consortium that is not known.
    #[error("the object store of {organisation} is in use by another organisation or consortium")]
    Foreign { organisation: String },
    /// Fewer stores took a copy than are needed; `stores` has why each that failed did.
    #[error("{got} of {needed} copies were stored")]
    TooFewCopies {
        wanted: usize,
        needed: usize,
        got: usize,
        stores: Vec<StoreError>,
    },
    /// No stores could take so many copies.
    #[error("{wanted} copies, {needed} at least, cannot be in {stores} stores")]
    InvalidCopies {
        wanted: usize,
        needed: usize,
        stores: usize,
    },
    /// Payloads of more bytes are not handled.
    #[error("content of more than {limit} bytes")]
    ContentTooLong { limit: u64 },
    /// No store has this segment as the content tree names it.
    #[error("segment {index} is not the registered one in any store")]
    SegmentMismatch { index: u64 },
    /// Work on a blocking thread panicked, or the runtime shut down.
    #[error("work beside the runtime did not end: {source}")]
    Task {
        #[from]
        source: TaskError,
    },
}
