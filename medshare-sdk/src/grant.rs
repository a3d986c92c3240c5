//! A grant of access, from request to identifier.

use std::future::IntoFuture;

use medshare_contract::{Call, GrantTerms};
use medshare_host::clock;
use medshare_types::keystore::BoxFuture;
use medshare_types::{GrantId, PersonId, Purpose, PurposeSet};

use crate::actor::Actor;
use crate::error::Result;
use crate::observe::observed;
use crate::record::RecordRef;
use crate::window::Window;

/// A grant about to be given; `.await` it.
#[must_use = "nothing is granted until this is awaited"]
pub struct GrantRequest {
    grantor: Actor,
    record: RecordRef,
    grantee: PersonId,
    window: Window,
    purposes: PurposeSet,
    uses: Option<u32>,
}

impl GrantRequest {
    pub(crate) fn new(
        grantor: Actor,
        record: RecordRef,
        grantee: PersonId,
        window: Window,
    ) -> Self {
        Self {
            grantor,
            record,
            grantee,
            window,
            purposes: PurposeSet::default(),
            uses: None,
        }
    }

    /// Allows this purpose, beside those named before. [`Purpose::Treatment`] if none is named.
    pub const fn purpose(mut self, purpose: Purpose) -> Self {
        self.purposes = self.purposes.with(purpose);
        self
    }

    /// Allows this many tickets; any number by default.
    pub const fn uses(mut self, uses: u32) -> Self {
        self.uses = Some(uses);
        self
    }

    async fn run(self) -> Result<GrantId> {
        let purposes = if self.purposes.is_empty() {
            PurposeSet::from(Purpose::Treatment)
        } else {
            self.purposes
        };
        let genesis = self.grantor.context().chain.genesis();
        let call = Call::Grant(GrantTerms {
            record: self.record.id,
            version: self.record.version,
            grantee: self.grantee,
            window: self
                .window
                .resolve(clock::now(), genesis.parameters.precision_ms),
            purposes,
            uses: self.uses,
        });
        let effect = self.grantor.call(&call).await?;
        Ok(GrantId::of_transaction(&effect.transaction))
    }
}

impl IntoFuture for GrantRequest {
    type Output = Result<GrantId>;
    type IntoFuture = BoxFuture<'static, Result<GrantId>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(observed("grant", self.run()))
    }
}

impl std::fmt::Debug for GrantRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GrantRequest")
            .field("record", &self.record)
            .field("grantee", &self.grantee)
            .field("window", &self.window)
            .field("purposes", &self.purposes)
            .field("uses", &self.uses)
            .finish_non_exhaustive()
    }
}
