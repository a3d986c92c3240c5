//! Credit and bans of one organisation, and where the state keeps them.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::hash::{Digest, digest};
use medshare_types::id::OrganisationId;

use super::leading::Leading;
use super::rule::Credit;

/// An organisation's credit, and its record as primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Standing {
    /// Credit after the last epoch.
    pub credit: Credit,
    /// Bans from leading, and lost turns behind them.
    pub leading: Leading,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            credit: Credit::START,
            leading: Leading::default(),
        }
    }
}

/// The state key of an organisation's [`OrganisationRecord`](super::OrganisationRecord), which is absent
/// before its first event.
#[must_use]
pub fn record_key(organisation: &OrganisationId) -> Digest {
    digest(
        "medshare/consensus/key/organisation/v1",
        &[organisation.as_ref()],
    )
}
