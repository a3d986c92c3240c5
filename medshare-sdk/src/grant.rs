//! A grant of access, from request to identifier.

use std::future::IntoFuture;

use medshare_contract::state::{RecordState, SealedLabel};
use medshare_contract::{Call, GrantTerms, keys};
use medshare_host::clock;
use medshare_types::keystore::BoxFuture;
use medshare_types::{Denial, GrantId, PersonId, Purpose, PurposeSet, consent};

use crate::actor::Actor;
use crate::error::{Error, Result, TimesFault};
use crate::observe::observed;
use crate::record::RecordRef;
use crate::registered::label_of;
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

    /// Allows this many tickets, at least one; any number by default.
    pub const fn uses(mut self, uses: u32) -> Self {
        self.uses = Some(uses);
        self
    }

    async fn run(self) -> Result<GrantId> {
        if self.uses == Some(0) {
            let field = "uses".to_owned();
            return Err(Error::Denied(Denial::Invalid { field }));
        }
        let purposes = if self.purposes.is_empty() {
            PurposeSet::from(Purpose::Treatment)
        } else {
            self.purposes
        };
        let window = self.checked_window().await?;
        let call = Call::Grant(GrantTerms {
            record: self.record.id,
            version: self.record.version,
            grantee: self.grantee,
            window,
            purposes,
            uses: self.uses,
        });
        let effect = self.grantor.call(&call).await.map_err(Error::with_grant)?;
        Ok(GrantId::of_transaction(&effect.transaction))
    }

    /// The absolute window, which opens the record at some moment from now on. A record that is not
    /// found is the contract's to refuse.
    async fn checked_window(&self) -> Result<consent::Window> {
        let now = clock::now();
        let parameters = &self.grantor.context().chain.genesis().parameters;
        let window = self.window.resolve(now, parameters.precision_ms)?;
        let key = keys::record(&self.record.id, self.record.version);
        let record: Option<RecordState> = self.grantor.read(key).await?;
        let Some(SealedLabel { label, .. }) = record.as_ref().and_then(label_of) else {
            return Ok(window);
        };
        let begin = window.not_before().max(label.floor);
        let end = window.not_after().min(label.ceiling);
        if begin < end && now < end {
            return Ok(window);
        }
        Err(Error::InvalidTimes {
            what: "window",
            not_before: window.not_before(),
            not_after: window.not_after(),
            fault: TimesFault::OutsideBounds {
                floor: label.floor,
                ceiling: label.ceiling,
            },
        })
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
