//! The members of a consortium in this process, and the client that reaches them.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use medshare_node::{NodeError, NodeHandle};
use medshare_types::keystore::BoxFuture;
use medshare_types::{Height, ReplicaId};
use tokio::sync::Mutex;

use crate::client::{ConsortiumClient, Unreachable};
use crate::error::{Error, Result};
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
    /// Keeps other processes out, until the members are stopped.
    lock: Mutex<Option<File>>,
    /// Removes the folder of a consortium that was given none.
    _temporary: Option<tempfile::TempDir>,
}

impl Members {
    pub(super) fn new(
        running: Vec<(String, NodeHandle, MemberClient)>,
        seams: Seams,
        folder: PathBuf,
        temporary: Option<tempfile::TempDir>,
        lock: File,
    ) -> Self {
        let mut list = Vec::new();
        let mut handles = Vec::new();
        for (name, handle, client) in running {
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
            lock: Mutex::new(Some(lock)),
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

    /// Stops every member and lets other processes open the folder. Returns the error that the
    /// first member in order of seats ended with.
    pub(super) async fn shut_down(&self) -> Result<()> {
        let handles = std::mem::take(&mut *self.handles.lock().await);
        let mut result = Ok(());
        for (handle, member) in handles.into_iter().zip(&self.list) {
            let ended = handle.shut_down().await;
            result = result.and(ended.map_err(|error| member_error(&member.name, error)));
        }
        drop(self.lock.lock().await.take());
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
    ) -> BoxFuture<'_, Result<Vec<u8>, Unreachable>> {
        Box::pin(async move {
            let unreachable = || Unreachable { member };
            let local = self.0.list.get(member.index()).ok_or_else(unreachable)?;
            local
                .client
                .request(request)
                .await
                .map_err(|_| unreachable())
        })
    }
}

pub(super) fn member_error(organisation: &str, error: NodeError) -> Error {
    Error::Member {
        organisation: organisation.to_owned(),
        source: Box::new(error),
    }
}
