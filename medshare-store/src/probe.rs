//! The state of object stores, found by trying what is relied on.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use medshare_host::os_random;
use medshare_types::{RandomSource as _, Timestamp};
use object_store::path::Path;

use crate::backend::{Store, changed};
use crate::error::{Result, StoreError};
use crate::objects::PROBES;

/// The object store of one organisation, as a probe found it ([`health_of`]).
#[derive(Debug)]
#[non_exhaustive]
pub struct StoreHealth {
    /// The organisation's name, as in the genesis.
    pub organisation: String,
    /// What the probe has found.
    pub state: StoreState,
}

/// What was found of an object store.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreState {
    /// A probe was written, replaced, read, listed and deleted.
    Available,
    /// Objects can be read, and not be written: a full disk, a read-only mount, a lack of rights.
    ReadOnly {
        /// Why a probe could not be written.
        source: StoreError,
    },
    /// It answers, and an answer is wrong.
    Faulty {
        /// `read`, `list`, `upload` or `delete`.
        operation: &'static str,
        /// What is wrong with the answer.
        source: StoreError,
    },
    /// It answers, and is empty: nothing is mounted, or a new one was not
    /// [prepared](crate::backend::Store::prepare).
    Missing,
    /// It is another organisation's, or another consortium's.
    Foreign,
    /// It failed, or gave no answer within its deadline.
    Unreachable {
        /// The failure, or the deadline that passed.
        source: StoreError,
    },
}

impl StoreHealth {
    /// What keeps the store from its work, for people; `None` where nothing does.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let name = &self.organisation;
        Some(match &self.state {
            StoreState::Available => return None,
            StoreState::ReadOnly { source } => {
                format!("the object store of {name} takes no objects: {source}")
            }
            StoreState::Faulty { operation, source } => {
                format!("the object store of {name} fails to {operation}: {source}")
            }
            StoreState::Missing => format!("the object store of {name} is not mounted, or new"),
            StoreState::Foreign => format!("the object store of {name} is another's"),
            StoreState::Unreachable { source } => source.to_string(),
        })
    }
}

/// Tries everything that is relied on with objects of its own, which it removes.
pub async fn health_of(store: &Store) -> StoreHealth {
    let state = match store.check_marker().await {
        Ok(()) => probe(store).await,
        Err(StoreError::Missing { .. }) => StoreState::Missing,
        Err(StoreError::Foreign { .. }) => StoreState::Foreign,
        Err(source) => StoreState::Unreachable { source },
    };
    StoreHealth {
        organisation: store.owner().name.clone(),
        state,
    }
}

async fn probe(store: &Store) -> StoreState {
    let number: [u8; 16] = os_random().array();
    let name: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = Path::from(format!("{PROBES}/{name}"));
    let written = async {
        let earlier = Bytes::from_static(b"to be replaced");
        store.put_at(&path, earlier).await?;
        store.put_at(&path, Bytes::from(name.clone())).await
    };
    let state = match written.await {
        Ok(()) => faults(store, &path, &name).await,
        Err(source) => ControlFlow::Break(StoreState::ReadOnly { source }),
    };
    let deleted = async {
        store.delete_at(&path).await?;
        match store.length_at(&path).await? {
            None => Ok(()),
            Some(_) => Err(wrong(store, "an object is there after it was deleted")),
        }
    };
    // Whatever was found: the probe is removed.
    let deleted = faulty("delete", deleted.await);
    match [state, deleted]
        .into_iter()
        .find_map(ControlFlow::break_value)
    {
        Some(state) => state,
        None => StoreState::Available,
    }
}

async fn faults(store: &Store, path: &Path, name: &str) -> ControlFlow<StoreState> {
    let read = async {
        let found = store.read_at(path, 8..24).await?;
        match found {
            Some(bytes) if bytes == name.as_bytes()[8..24] => Ok(()),
            _ => Err(wrong(store, "a range is not what was written")),
        }
    };
    faulty("read", read.await)?;
    let listed = async {
        let mut found = false;
        let see = |meta: object_store::ObjectMeta| {
            found |= meta.location == *path;
            true
        };
        store.list(PROBES, see).await?;
        let lacking = || wrong(store, "a listing lacks an object");
        found.then_some(()).ok_or_else(lacking)
    };
    faulty("list", listed.await)?;
    let uploaded = async {
        let mut upload = store.upload_at(path).await?;
        upload.append(Bytes::from_static(b"uploaded")).await?;
        upload.complete().await?;
        match store.length_at(path).await? {
            Some(8) => Ok(()),
            _ => Err(wrong(store, "a completed upload is not what was sent")),
        }
    };
    faulty("upload", uploaded.await)
}

fn faulty(operation: &'static str, tried: Result<()>) -> ControlFlow<StoreState> {
    match tried {
        Ok(()) => ControlFlow::Continue(()),
        Err(source) => ControlFlow::Break(StoreState::Faulty { operation, source }),
    }
}

fn wrong(store: &Store, what: &'static str) -> StoreError {
    store.failed(io::Error::new(io::ErrorKind::InvalidData, what))
}

/// Removes what probes that were killed have left, unless it changed within `age`.
pub async fn sweep_probes(store: &Store, now: Timestamp, age: Duration) -> Result<()> {
    let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    let mut left = Vec::new();
    let see = |meta: object_store::ObjectMeta| {
        if changed(&meta).plus_millis(age_ms) <= now {
            left.push(meta.location);
        }
        true
    };
    store.list(PROBES, see).await?;
    for path in left {
        store.delete_at(&path).await?;
    }
    Ok(())
}
