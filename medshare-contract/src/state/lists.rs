//! Lists of identifiers: a counter and pages, appended only.
//!
//! Counter and pages are values of the state, so both are proven, and no member can withhold an
//! entry. Appending reads and writes two values, whatever the length.

use std::marker::PhantomData;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Digest, GrantId, OrganisationId, PersonId, RecordId, Wire};

/// Entries of a full page.
pub const LIST_PAGE_LEN: u64 = 64;

/// Names one list of the state, of entries of type `T` in the order of their transactions.
///
/// ```
/// use medshare_contract::{StateView, keys, state::{List, ListState}};
/// # use medshare_types::{GrantId, SigningKey, PersonId};
/// # let person = PersonId::of_key(&SigningKey::from_seed(&[1; 32]).verifying_key());
/// # let state = std::collections::BTreeMap::new();
/// let list: List<GrantId> = List::grants_given_by(&person);
/// let counter: Option<ListState> = state.read(&keys::list(&list))?;
/// assert!(counter.is_none(), "a list without entries has no counter");
/// # Ok::<(), medshare_contract::StateError<std::convert::Infallible>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List<T> {
    noun: &'static str,
    of: Digest,
    entries: PhantomData<T>,
}

impl<T> List<T> {
    const fn new(noun: &'static str, of: &Digest) -> Self {
        Self {
            noun,
            of: *of,
            entries: PhantomData,
        }
    }

    /// The fields of its keys: what it lists, and whose.
    pub(crate) fn fields(&self) -> [&[u8]; 2] {
        [self.noun.as_bytes(), self.of.as_ref()]
    }
}

impl List<GrantId> {
    /// The grants that a person gave.
    #[must_use]
    pub const fn grants_given_by(person: &PersonId) -> Self {
        Self::new("grants-given", person.digest())
    }

    /// The grants that name a person as grantee. Any data subject can lengthen it.
    #[must_use]
    pub const fn grants_received_by(person: &PersonId) -> Self {
        Self::new("grants-received", person.digest())
    }
}

impl List<RecordId> {
    /// The records about a person, each once over all its versions. Any organisation can lengthen
    /// it.
    #[must_use]
    pub const fn records_about(person: &PersonId) -> Self {
        Self::new("records-about", person.digest())
    }

    /// The records that an organisation owns, each once over all its versions.
    #[must_use]
    pub const fn records_owned_by(organisation: &OrganisationId) -> Self {
        Self::new("records-owned", organisation.digest())
    }
}

impl List<PersonId> {
    /// The people that an organisation enrolled.
    #[must_use]
    pub const fn people_enrolled_by(organisation: &OrganisationId) -> Self {
        Self::new("people-enrolled", organisation.digest())
    }
}

/// The counter of a list that has entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ListState {
    /// Number of entries, at least one.
    pub length: u64,
}

impl Wire for ListState {
    const KIND: [u8; 4] = *b"mSLI";
}

/// A page of a list: the entries from `index · LIST_PAGE_LEN` on. A full page never changes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ListPage<T> {
    /// 1 to [`LIST_PAGE_LEN`] entries in the order of their transactions.
    pub entries: Vec<T>,
}

impl<T: BorshSerialize + BorshDeserialize> Wire for ListPage<T> {
    const KIND: [u8; 4] = *b"mSLP";
    /// A full page of 32-byte identifiers.
    const MAX_LEN: usize = 6 + 4 + 64 * 32;
}
