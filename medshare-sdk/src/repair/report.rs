//! The state of a record's copies, store by store.

use std::fmt;

use crate::error::{Error, in_words};
use crate::record::RecordRef;
use medshare_store::objects::ObjectKind;

/// The copies of a version of a record, from [`Consortium::check`](crate::Consortium::check) and
/// [`Consortium::repair`](crate::Consortium::repair).
#[derive(Debug)]
#[non_exhaustive]
pub struct RecordCopies {
    /// The version that was looked at.
    pub record: RecordRef,
    /// One for each store that the record names, in that order.
    pub stores: Vec<StoredCopy>,
}

/// The copy of a record in one store.
#[derive(Debug)]
#[non_exhaustive]
pub struct StoredCopy {
    /// The name of the organisation that has the store, as in the genesis.
    pub organisation: String,
    /// What was found, or done.
    pub state: CopyState,
}

/// What was found of a copy, or done about it.
#[derive(Debug)]
#[non_exhaustive]
pub enum CopyState {
    /// Every object is as it was registered.
    Intact,
    /// Objects are missing or altered, and were not restored.
    Damaged {
        /// What is wrong with which object.
        faults: Vec<CopyFault>,
        /// Why it was not restored. `None` where that was not tried, or where the good objects may
        /// be in stores that are not available now.
        source: Option<Error>,
    },
    /// Objects were missing or altered. They were restored, and looked at again.
    Restored {
        /// What was wrong with which object.
        faults: Vec<CopyFault>,
    },
    /// Every store of the record was looked at, and none has what is missing here. Restore it from
    /// a backup.
    Lost {
        /// What cannot be restored.
        faults: Vec<CopyFault>,
    },
    /// The store failed, did not answer in time, or is not the organisation's.
    Unavailable {
        /// The failure, or the deadline that passed.
        source: Error,
    },
    /// The application was not given this organisation's store.
    NotConnected,
}

/// An object of a record that is not as it was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CopyFault {
    /// There is no such object.
    Missing {
        /// `payload`, `segments`, `access`, `descriptor` or `fingerprints`.
        object: &'static str,
    },
    /// A small object has other bytes.
    Altered {
        /// `segments`, `access` or `descriptor`.
        object: &'static str,
    },
    /// The payload has another length.
    WrongLength {
        /// Bytes that were registered.
        expected: u64,
        /// Bytes that the store has.
        found: u64,
    },
    /// Segments of the payload have other bytes.
    AlteredSegments {
        /// The number of such segments.
        count: u64,
        /// The first of them, counted from 0.
        first: u32,
    },
}

impl RecordCopies {
    /// Returns true if every store that the record names has it as it was registered.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        let mut states = self.stores.iter().map(|copy| &copy.state);
        states.all(|state| matches!(state, CopyState::Intact | CopyState::Restored { .. }))
    }

    /// Returns true if the record, or a segment of it, is in no store any more. While a store is
    /// not available this cannot be told, and is false.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        let mut states = self.stores.iter().map(|copy| &copy.state);
        states.any(|state| matches!(state, CopyState::Lost { .. }))
    }
}

impl CopyFault {
    /// The name of the object: `payload`, `segments`, `access`, `descriptor` or `fingerprints`.
    #[must_use]
    pub const fn object(&self) -> &'static str {
        match self {
            Self::Missing { object } | Self::Altered { object } => object,
            Self::WrongLength { .. } | Self::AlteredSegments { .. } => ObjectKind::Payload.name(),
        }
    }
}

impl fmt::Display for CopyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { object } => write!(f, "the {} is missing", in_words(object)),
            Self::Altered { object } => write!(f, "the {} is altered", in_words(object)),
            Self::WrongLength { expected, found } => {
                write!(f, "the payload has {found} bytes and not {expected}")
            }
            Self::AlteredSegments { count, first } => {
                write!(f, "{count} segments are altered, the first is {first}")
            }
        }
    }
}
