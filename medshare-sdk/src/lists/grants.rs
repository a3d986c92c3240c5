//! Grants, as the chain has them.

use medshare_contract::keys;
use medshare_contract::state::{GrantState, List};
use medshare_host::clock;
use medshare_types::{Denial, Digest, GrantId, Height, PersonId, PurposeSet, Timestamp};

use super::{Listing, Lookup};
use crate::error::{Error, Result};
use crate::record::RecordRef;
use crate::window::AbsoluteWindow;

/// A grant, as the chain has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantInfo {
    /// Revoke or open with it.
    pub id: GrantId,
    /// The record and the one version that the grant covers.
    pub record: RecordRef,
    /// The record's subject: gave the grant and may revoke it.
    pub grantor: PersonId,
    /// The person that may open the record.
    pub grantee: PersonId,
    /// Times at which tickets are issued.
    pub window: AbsoluteWindow,
    /// Purposes that a ticket may name.
    pub purposes: PurposeSet,
    /// Number of tickets that may still be issued; `None` for any number.
    pub uses_left: Option<u32>,
    /// Number of tickets issued.
    pub tickets: u64,
    /// Height of the granting block.
    pub given_at: Height,
    /// What a request for a ticket meets now, as far as the grant decides it: the record's own
    /// bounds and the reader's attributes are not part of it.
    pub status: GrantStatus,
}

/// What becomes of a request under a grant, by the later of this computer's clock and the newest
/// block's time. The first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantStatus {
    /// Tickets are issued, within the record's own bounds.
    Active,
    /// The grantor withdrew it, for good.
    Revoked {
        /// Height of the revoking block.
        height: Height,
    },
    /// Its window has not begun.
    NotYet,
    /// Its window is over.
    Expired,
    /// All its tickets were issued.
    UsedUp,
}

impl GrantInfo {
    fn new(grant: &GrantState, now: Timestamp) -> Self {
        let left = |uses: u32| {
            let left = u64::from(uses).saturating_sub(grant.taken);
            u32::try_from(left).unwrap_or(uses)
        };
        let uses_left = grant.uses.map(left);
        let status = if let Some(height) = grant.revoked_at {
            GrantStatus::Revoked { height }
        } else if now < grant.window.not_before() {
            GrantStatus::NotYet
        } else if now >= grant.window.not_after() {
            GrantStatus::Expired
        } else if uses_left == Some(0) {
            GrantStatus::UsedUp
        } else {
            GrantStatus::Active
        };
        Self {
            id: grant.id,
            record: RecordRef {
                id: grant.record,
                version: grant.version,
            },
            grantor: grant.grantor,
            grantee: grant.grantee,
            window: grant.window,
            purposes: grant.purposes,
            uses_left,
            tickets: grant.taken,
            given_at: grant.given_at,
            status,
        }
    }
}

impl Lookup {
    pub(crate) async fn grant(&self, id: &GrantId) -> Result<GrantInfo> {
        let found = self.find(keys::grant(id)).await?;
        let (grant, at) = found.ok_or(Error::Denied(Denial::UnknownGrant))?;
        Ok(GrantInfo::new(&grant, at.max(clock::now())))
    }

    pub(crate) async fn grants_given_by(self, person: &PersonId) -> Result<Listing<GrantInfo>> {
        let list = List::grants_given_by(person);
        self.list(list, read).await
    }

    pub(crate) async fn grants_received_by(self, person: &PersonId) -> Result<Listing<GrantInfo>> {
        let list = List::grants_received_by(person);
        self.list(list, read).await
    }
}

fn read(
    lookup: Lookup,
    id: Digest,
) -> medshare_types::keystore::BoxFuture<'static, Result<GrantInfo>> {
    Box::pin(async move { lookup.grant(&GrantId::from_digest(id)).await })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use medshare_types::{Purpose, RecordId, RecordVersion};

    use super::*;

    const AT: fn(u64) -> Timestamp = Timestamp::from_millis;

    fn grant() -> GrantState {
        GrantState {
            id: GrantId::from_digest(Digest::ZERO),
            record: RecordId::from_digest(Digest::ZERO),
            version: RecordVersion(1),
            grantor: PersonId::from_digest(Digest::ZERO),
            grantee: PersonId::from_digest(Digest::ZERO),
            window: AbsoluteWindow::new(AT(10), AT(20)).unwrap(),
            purposes: Purpose::Treatment.into(),
            uses: Some(2),
            taken: 0,
            given_at: Height(1),
            revoked_at: None,
        }
    }

    #[test]
    fn the_status_is_the_first_that_applies() {
        let status = |grant: &GrantState, now| GrantInfo::new(grant, AT(now)).status;
        let mut grant = grant();
        for (now, expected) in [
            (9, GrantStatus::NotYet),
            (10, GrantStatus::Active),
            (19, GrantStatus::Active),
            (20, GrantStatus::Expired),
        ] {
            assert_eq!(status(&grant, now), expected, "{now}");
        }
        grant.taken = 2;
        assert_eq!(status(&grant, 10), GrantStatus::UsedUp);
        assert_eq!(status(&grant, 20), GrantStatus::Expired);
        let height = Height(3);
        grant.revoked_at = Some(height);
        for now in [9, 10, 20] {
            assert_eq!(status(&grant, now), GrantStatus::Revoked { height });
        }
    }

    #[test]
    fn uses_are_counted_down() {
        let mut grant = grant();
        for (taken, left) in [(0, 2), (1, 1), (2, 0), (3, 0), (u64::MAX, 0)] {
            grant.taken = taken;
            let info = GrantInfo::new(&grant, AT(10));
            assert_eq!((info.uses_left, info.tickets), (Some(left), taken));
        }
        grant.uses = None;
        assert_eq!(GrantInfo::new(&grant, AT(10)).uses_left, None);
    }
}
