//! Opening a record by its own subject: a grant to herself, and an opening under it.

use std::future::IntoFuture;

use medshare_types::keystore::BoxFuture;
use tokio::io::AsyncWrite;

use crate::actor::Actor;
use crate::error::Result;
use crate::keyring::Keyring;
use crate::read::open::{Access, Open, Opened};
use crate::record::RecordRef;

/// A record about to be opened by its subject. `.await` it, or stream it with
/// [`OpenOwn::write_to`].
///
/// The grant is for one use, within ten minutes, for
/// [`Purpose::PatientRequest`](crate::Purpose::PatientRequest): there is none to revoke afterwards.
/// It is given when all has been checked that [`Open`] checks before a ticket. Opening again after a
/// failure goes on with the same grant, as long as it lasts.
#[must_use = "nothing is opened until this is awaited"]
pub struct OpenOwn {
    open: Open,
    record: RecordRef,
}

impl OpenOwn {
    pub(crate) const fn new(actor: Actor, keyring: Keyring, record: RecordRef) -> Self {
        Self {
            open: Open::own(actor, keyring, record),
            record,
        }
    }

    /// Calls `progress` as [`Open::on_progress`] does.
    pub fn on_progress(mut self, progress: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.open = self.open.on_progress(progress);
        self
    }

    /// Writes the content as [`Open::write_to`] does.
    ///
    /// # Errors
    /// The same errors as [`Person::open_own`](crate::Person::open_own) has.
    pub async fn write_to(self, writer: &mut (impl AsyncWrite + Unpin + Send)) -> Result<Access> {
        self.open.write_to(writer).await
    }
}

impl IntoFuture for OpenOwn {
    type Output = Result<Opened>;
    type IntoFuture = BoxFuture<'static, Result<Opened>>;

    fn into_future(self) -> Self::IntoFuture {
        self.open.into_future()
    }
}

impl std::fmt::Debug for OpenOwn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenOwn")
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}
