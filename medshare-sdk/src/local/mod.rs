//! A whole consortium in this process: every member a real one, with a folder of its own.
//!
//! For development, tests and demonstrations. The members exchange encoded bytes; each has its own
//! log, ledger, contract state, object store and key share. The attribute authority is apart from
//! the gate's holders. What this does **not** give is what several organisations are for: here one
//! process, and one passphrase, holds everybody's keys.

mod builder;
mod folder;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medshare_node::{Drill, NodeClient, NodeHandle};
use medshare_types::keystore::BoxFuture;
use medshare_types::{Height, ReplicaId};
use tokio::sync::Mutex;

pub use builder::InProcess;
pub use medshare_node::{HolderConduct, Presence};

use crate::client::{ConsortiumClient, Unreachable};
use crate::consortium::Consortium;
use crate::error::{Error, Result};
use crate::record::Record;

/// The members of a consortium in this process.
pub(crate) struct Members {
    names: Vec<String>,
    drills: Vec<Arc<Drill>>,
    handles: Mutex<Vec<NodeHandle>>,
    verified: Vec<Height>,
    folder: PathBuf,
    /// Removes the folder of a consortium that was given none.
    _temporary: Option<tempfile::TempDir>,
    /// Keeps other processes out, until the members are stopped.
    lock: Mutex<Option<File>>,
}

/// Carries requests to members in this process.
pub(crate) struct InProcessClient(Vec<NodeClient>);

impl ConsortiumClient for InProcessClient {
    fn exchange(
        &self,
        member: ReplicaId,
        request: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, Unreachable>> {
        Box::pin(async move {
            let client = self.0.get(member.index()).ok_or(Unreachable { member })?;
            client
                .request(request)
                .await
                .map_err(|_| Unreachable { member })
        })
    }
}

impl Consortium {
    /// Starts a consortium of `organisations` members (at least 4) in this process, in a temporary
    /// folder. [`InProcess`] says more: a folder that stays, names, a passphrase.
    ///
    /// # Errors
    /// [`Error::Member`] says why a member did not start.
    pub async fn in_process(organisations: usize) -> Result<Self> {
        InProcess::new(organisations).start().await
    }

    fn members(&self) -> Result<&Members> {
        self.inner.members.as_ref().ok_or(Error::NotInProcess)
    }

    fn drill_of(&self, organisation: &str) -> Result<&Drill> {
        let members = self.members()?;
        let unknown = || Error::UnknownOrganisation {
            name: organisation.to_owned(),
        };
        let place = members.names.iter().position(|name| name == organisation);
        place
            .and_then(|place| members.drills.get(place))
            .map(|drill| &**drill)
            .ok_or_else(unknown)
    }

    /// Drill: makes a member answer requests for release shares in another way.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`], [`Error::NotInProcess`].
    pub fn drill_holder(&self, organisation: &str, conduct: HolderConduct) -> Result<()> {
        self.drill_of(organisation)
            .map(|drill| drill.set_conduct(conduct))
    }

    /// Drill: cuts a member off, or lets it take part again.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`], [`Error::NotInProcess`].
    pub fn drill_presence(&self, organisation: &str, presence: Presence) -> Result<()> {
        self.drill_of(organisation)
            .map(|drill| drill.set_presence(presence))
    }

    /// Where the consortium's folders are.
    ///
    /// # Errors
    /// [`Error::NotInProcess`].
    pub fn folder(&self) -> Result<&Path> {
        Ok(&self.members()?.folder)
    }

    /// Up to which height each member's ledger was verified from genesis when it started.
    ///
    /// # Errors
    /// [`Error::NotInProcess`].
    pub fn verified_heights(&self) -> Result<&[Height]> {
        Ok(&self.members()?.verified)
    }

    /// The files that hold a record's ciphertext, one for each store it was placed on, and those of
    /// broken-off attempts to seal it that were not swept yet.
    ///
    /// # Errors
    /// [`Error::NotInProcess`].
    pub fn payload_files(&self, record: Record) -> Result<Vec<PathBuf>> {
        self.members()?;
        let Record { id, version } = record;
        let stores = self.inner.stores.values();
        Ok(stores
            .flat_map(|store| store.payload_files(id, version))
            .collect())
    }

    /// Stops every member, makes their ledgers durable and closes their files. Calls on this
    /// consortium and its clones fail from then on.
    ///
    /// # Errors
    /// [`Error::Member`] with what the first member ended with, if one did not end well.
    pub async fn shut_down(self) -> Result<()> {
        let members = self.members()?;
        let handles = std::mem::take(&mut *members.handles.lock().await);
        let mut result = Ok(());
        for (handle, name) in handles.into_iter().zip(&members.names) {
            let ended = handle.shut_down().await;
            result = result.and(ended.map_err(|error| builder::member_error(name, error)));
        }
        drop(members.lock.lock().await.take());
        result
    }
}
