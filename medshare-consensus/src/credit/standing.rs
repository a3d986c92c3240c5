//! Credit and bans of one organisation, as the state keeps them.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::hash::{Digest, digest};
use medshare_types::id::OrganisationId;
use medshare_types::wire::Wire;

use super::leading::Leading;
use super::rule::Credit;

/// A seat's credit, and its record as primary.
///
/// The state holds it under [`standing_key`], as it was at the last event of the seat: own blocks since
/// then are not counted there.
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

impl Wire for Standing {
    const KIND: [u8; 4] = *b"mCRS";
    const MAX_LEN: usize = 64;
}

/// The state key of an organisation's [`Standing`], which is absent before its first event.
#[must_use]
pub fn standing_key(organisation: &OrganisationId) -> Digest {
    digest(
        "medshare/consensus/key/standing/v1",
        &[organisation.as_ref()],
    )
}
