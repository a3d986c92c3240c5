//! Granting access.

use std::future::IntoFuture;

use medshare_types::keystore::BoxFuture;
use medshare_types::{GrantId, PersonId, Purpose, PurposeSet};

use crate::error::Result;
use crate::observe::observed;
use crate::person::Person;
use crate::record::Record;
use crate::window::Window;

/// A grant about to be given; `.await` it.
#[must_use = "nothing is granted until this is awaited"]
pub struct GrantRequest {
    grantor: Person,
    record: Record,
    grantee: PersonId,
    window: Window,
    purposes: PurposeSet,
    uses: Option<u32>,
}

impl GrantRequest {
    pub(crate) fn new(grantor: Person, record: Record, grantee: PersonId, window: Window) -> Self {
        let purposes = PurposeSet::default();
        Self {
            grantor,
            record,
            grantee,
            window,
            purposes,
            uses: None,
        }
    }

    /// Allows this purpose, beside those named before.
    pub const fn purpose(mut self, purpose: Purpose) -> Self {
        self.purposes = self.purposes.with(purpose);
        self
    }

    /// Allows this many tickets, instead of any number.
    pub const fn uses(mut self, uses: u32) -> Self {
        self.uses = Some(uses);
        self
    }
}

impl IntoFuture for GrantRequest {
    type Output = Result<GrantId>;
    type IntoFuture = BoxFuture<'static, Result<GrantId>>;

    fn into_future(self) -> Self::IntoFuture {
        let give = async move {
            let Self {
                grantor,
                record,
                grantee,
                window,
                purposes,
                uses,
            } = self;
            let treatment = PurposeSet::from(Purpose::Treatment);
            let purposes = if purposes.is_empty() {
                treatment
            } else {
                purposes
            };
            grantor.give(record, grantee, window, purposes, uses).await
        };
        Box::pin(observed("grant", give))
    }
}
