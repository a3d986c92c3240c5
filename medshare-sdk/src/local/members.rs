//! The members of a consortium in this process, and the client that reaches them.

use std::path::PathBuf;
use std::sync::Arc;

use medshare_node::{End, NodeHandle};
use medshare_types::keystore::BoxFuture;
use medshare_types::{Height, ReplicaId};
use tokio::sync::Mutex;

use crate::client::{ConsortiumClient, ExchangeError};
use crate::error::{Error, Result, Source};
use crate::local::seams::{MemberClient, Seams};

pub(super) struct LocalMember {
    pub(super) name: String,
    /// The height up to which the ledger was verified from genesis when it was opened.
    pub(super) verified: Height,
    client: MemberClient,
}

/// Every member, in the order of seats.
pub(super) struct Members {
    pub(super) folder: PathBuf,
    pub(super) list: Vec<LocalMember>,
    #[cfg_attr(
        not(feature = "fault-injection"),
        expect(dead_code, reason = "holds the faults")
    )]
    pub(super) seams: Seams,
    /// Empty once the members are stopped.
    handles: Mutex<Vec<NodeHandle>>,
    /// Removes the folder of a consortium that was given none; the members hold it too.
    _temporary: Option<Arc<tempfile::TempDir>>,
}

impl Members {
    pub(super) fn new(
        running: Vec<(String, NodeHandle, MemberClient)>,
        seams: Seams,
        folder: PathBuf,
        temporary: Option<tempfile::TempDir>,
    ) -> Self {
        let temporary = temporary.map(Arc::new);
        let mut list = Vec::new();
        let mut handles = Vec::new();
        for (name, handle, client) in running {
            handle.hold_until_ended(temporary.clone());
            list.push(LocalMember {
                name,
                verified: handle.verified(),
                client,
            });
            handles.push(handle);
        }
        Self {
            folder,
            list,
            seams,
            handles: Mutex::new(handles),
            _temporary: temporary,
        }
    }

    #[cfg(feature = "fault-injection")]
    pub(super) fn seat_of(&self, name: &str) -> Result<ReplicaId> {
        (0..)
            .map(ReplicaId)
            .zip(&self.list)
            .find_map(|(seat, member)| (member.name == name).then_some(seat))
            .ok_or_else(|| Error::UnknownOrganisation {
                name: name.to_owned(),
            })
    }

    /// Stops every member, which lets other processes open the folder. Returns the error that the
    /// first member in order of seats ended with.
    pub(super) async fn shut_down(&self) -> Result<()> {
        // Held to the end: a second caller waits until every file is closed.
        let mut handles = self.handles.lock().await;
        let mut result = Ok(());
        for (handle, member) in handles.drain(..).zip(&self.list) {
            let ended = handle.shut_down().await;
            result = result.and(ended.map_err(|error| member_error(&member.name, error)));
        }
        drop(handles);
        result
    }
}

/// Carries requests to members in this process. They run for as long as a client of them exists.
pub(super) struct LocalClient(pub(crate) Arc<Members>);

impl ConsortiumClient for LocalClient {
    fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        Box::pin(async move {
            let Some(LocalMember { client, .. }) = self.0.list.get(member.index()) else {
                return Err(ExchangeError::Unreachable { member });
            };
            if let Ok(answer) = client.request(request).await {
                return Ok(answer);
            }
            Err(match client.end().await {
                None => ExchangeError::Unreachable { member },
                Some(End::Failed(source)) => ExchangeError::Ended { member, source },
                Some(_) => ExchangeError::Stopped { member },
            })
        })
    }
}

pub(super) fn member_error(organisation: &str, error: impl Into<Source>) -> Error {
    Error::Member {
        organisation: organisation.to_owned(),
        source: error.into(),
    }
}
