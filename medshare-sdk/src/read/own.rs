//! Opening a record by its own subject: a grant to herself, and an opening under it.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use medshare_types::Purpose;
use medshare_types::keystore::BoxFuture;
use tokio::io::AsyncWrite;

use crate::actor::Actor;
use crate::error::Result;
use crate::grant::GrantRequest;
use crate::keyring::Keyring;
use crate::observe::{Progress, observed};
use crate::read::open::{Access, Open, Opened};
use crate::read::record::SealedHeader;
use crate::record::RecordRef;
use crate::window::Window;

/// Time for the one ticket of such a grant.
const GRANT_TIME: Duration = Duration::from_secs(600);

/// A record about to be opened by its subject. `.await` it, or stream it with
/// [`OpenOwn::write_to`].
///
/// The grant is for one use, within ten minutes, for [`Purpose::PatientRequest`]: there is none to
/// revoke afterwards.
#[must_use = "nothing is opened until this is awaited"]
pub struct OpenOwn {
    actor: Actor,
    keyring: Keyring,
    record: RecordRef,
    progress: Option<Progress>,
}

impl OpenOwn {
    pub(crate) const fn new(actor: Actor, keyring: Keyring, record: RecordRef) -> Self {
        Self {
            actor,
            keyring,
            record,
            progress: None,
        }
    }

    /// Calls `progress` as [`Open::on_progress`] does.
    pub fn on_progress(mut self, progress: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// Writes the content as [`Open::write_to`] does.
    ///
    /// # Errors
    /// The same errors as [`Person::open_own`](crate::Person::open_own) has.
    pub async fn write_to(self, writer: &mut (impl AsyncWrite + Unpin + Send)) -> Result<Access> {
        observed("grant", self.grant())
            .await?
            .write_to(writer)
            .await
    }

    /// Gives the grant, unless public data says that no key of the caller's would open the record.
    async fn grant(self) -> Result<Open> {
        let context = self.actor.context();
        let header = SealedHeader::fetch(context, self.actor.home(), self.record).await?;
        self.keyring.check_entitled(&header.requirement()).await?;
        let grantee = self.keyring.person();
        let window = Window::lasting(GRANT_TIME);
        let grant = GrantRequest::new(self.actor.clone(), self.record, grantee, window)
            .purpose(Purpose::PatientRequest)
            .uses(1)
            .await?;
        let open = Open::new(self.actor, self.keyring, grant).purpose(Purpose::PatientRequest);
        Ok(match self.progress {
            Some(progress) => open.on_progress(move |done| progress(done)),
            None => open,
        })
    }

    async fn run(self) -> Result<Opened> {
        observed("grant", self.grant()).await?.await
    }
}

impl IntoFuture for OpenOwn {
    type Output = Result<Opened>;
    type IntoFuture = BoxFuture<'static, Result<Opened>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl std::fmt::Debug for OpenOwn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenOwn")
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}
