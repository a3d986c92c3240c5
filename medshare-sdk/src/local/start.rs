//! Starting the members of a founded consortium: those that can, while no more than f cannot.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medshare_host::files::is_disk_full;
use medshare_host::keystore::PassphraseKeyStore;
use medshare_node::log::LogState;
use medshare_node::restoration::{self, Plan};
use medshare_node::secrets::{GATE_SHARE, SIGNING_KEY, TOOK_PART};
use medshare_node::transport::Link;
use medshare_node::{NodeConfig, NodeError, NodeHandle, Recovery, log_path};
use medshare_types::genesis::GenesisMember;
use medshare_types::keystore::{BoxFuture, KeyStore, KeyStoreError, Signer};
use medshare_types::{Digest, Genesis, ReplicaId, Signature, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::client::ExchangeError;
use crate::damage::{Damage, DamagedFile, WayBack};
use crate::error::{Error, Result, Source};
use crate::local::folder;
use crate::local::standing::{COPIED, LOST, forgotten, quorum, spare};

/// Keeps other processes out of the folder.
pub(super) type FolderLock = Arc<File>;

/// A member's secrets.
#[derive(Clone)]
pub(super) struct MemberKeys {
    pub(super) store: Arc<PassphraseKeyStore>,
    pub(super) signing_key: SigningKey,
}

/// A member that is about to start, or why it cannot.
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) keys: Result<MemberKeys, Damage>,
    pub(super) recovery: Recovery,
    /// The state of its log; none where the log cannot be read, or a restoration covers it.
    pub(super) log: Option<LogState>,
}

impl Prepared {
    /// Opens the member's key store, which the founding has made.
    pub(super) async fn open(
        root: &Path,
        name: &str,
        open: impl Future<Output = Result<PassphraseKeyStore>>,
    ) -> Self {
        let folder = folder::member_keys(root, name);
        let keys = if folder::holds_key_store(&folder) {
            opened(open).await
        } else {
            let folder = folder.clone();
            Err(Error::MissingKeyStore { folder })
        };
        let damaged = |error: Error| Damage {
            organisation: name.to_owned(),
            file: DamagedFile::KeyStore,
            path: folder,
            way_back: match &error {
                Error::KeyStore(error) => way_back_of_keys(error),
                _ => WayBack::RestoreKeyStore,
            },
            source: Arc::new(error),
        };
        Self {
            name: name.to_owned(),
            keys: keys.map_err(damaged),
            recovery: Recovery::Refuse,
            log: None,
        }
    }

    /// Signs for the organisation, or fails as its key store does.
    pub(super) fn signer(&self, seat: ReplicaId, member: &GenesisMember) -> Arc<dyn Signer> {
        match &self.keys {
            Ok(keys) => Arc::new(keys.signing_key.clone()),
            Err(damage) => Arc::new(NoSigner {
                key: member.key,
                organisation: self.name.clone(),
                reason: ExchangeError::damaged(seat, damage.clone()),
            }),
        }
    }
}

async fn opened(open: impl Future<Output = Result<PassphraseKeyStore>>) -> Result<MemberKeys> {
    let store = Arc::new(open.await?);
    let seed = load(&*store, SIGNING_KEY).await?;
    match seed.as_slice().try_into() {
        Ok(seed) => Ok(MemberKeys {
            store,
            signing_key: SigningKey::from_seed(seed),
        }),
        Err(_) => Err(KeyStoreError::Altered {
            name: SIGNING_KEY.to_owned(),
            file: None,
        }
        .into()),
    }
}

/// A secret that was stored when the consortium was founded.
pub(super) async fn load(keys: &dyn KeyStore, entry: &str) -> Result<Zeroizing<Vec<u8>>> {
    let found = keys.load(entry).await?;
    found.ok_or_else(|| Error::MissingSecret {
        entry: entry.to_owned(),
    })
}

/// Stands where a signing key cannot be read.
struct NoSigner {
    key: VerifyingKey,
    organisation: String,
    reason: ExchangeError,
}

impl Signer for NoSigner {
    fn verifying_key(&self) -> VerifyingKey {
        self.key
    }

    fn sign<'a>(&'a self, _: &'a Digest) -> BoxFuture<'a, Result<Signature, KeyStoreError>> {
        let error = KeyStoreError::Medium {
            operation: format!("sign for {}", self.organisation),
            source: Box::new(self.reason.clone()),
        };
        Box::pin(std::future::ready(Err(error)))
    }
}

/// Refuses a chain that more than f members have lost: they would begin another one. Where f or
/// fewer lost theirs, the others go on with the chain.
pub(super) async fn check_ledgers(
    root: &Path,
    genesis: &Genesis,
    prepared: &[Prepared],
) -> Result<()> {
    let mut members = Vec::new();
    for Prepared { name, keys, .. } in prepared {
        if !folder::lacks_ledger(root, name) {
            continue;
        }
        // A log alone is what a first start leaves that was killed before the first vote.
        let known = match keys {
            Ok(keys) => took_part(&keys.store).await,
            Err(_) => folder::holds_log(root, name),
        };
        if known {
            members.push(name.clone());
        }
    }
    if members.len() > quorum(genesis).faulty() {
        return Err(Error::MissingLedgers { members });
    }
    Ok(())
}

/// A member with a share of the gate key or the mark of its first log was a part of the chain.
pub(super) async fn took_part(keys: &PassphraseKeyStore) -> bool {
    for entry in [TOOK_PART, GATE_SHARE] {
        // An entry that is damaged is one that was there.
        if !matches!(keys.load(entry).await, Ok(None)) {
            return true;
        }
    }
    false
}

/// The record of a restoration, and the log of each member.
fn logs(root: &Path, genesis: &Genesis) -> (PathBuf, Vec<PathBuf>) {
    let members = genesis.members.iter();
    let logs = members.map(|member| log_path(&folder::member(root, &member.name)));
    (folder::restoring(root), logs.collect())
}

/// Decides what each member may do about a copied log.
pub(super) fn plan_recovery(
    root: &Path,
    genesis: &Genesis,
    restored_together: bool,
    prepared: &mut [Prepared],
) -> Result<()> {
    let (record, logs) = logs(root, genesis);
    let limit = spare(quorum(genesis));
    let plan = restoration::plan(&record, genesis.chain_id(), &logs, limit, restored_together);
    match plan.map_err(|source| Error::io(record, source))? {
        Plan::Start(plans) => {
            for (member, (recovery, log)) in prepared.iter_mut().zip(plans) {
                member.recovery = recovery;
                member.log = log.filter(|_| recovery == Recovery::Refuse);
            }
            Ok(())
        }
        Plan::Refuse { copied, .. } if copied.len() > limit => {
            let names = copied
                .iter()
                .map(|seat| prepared[seat.index()].name.clone());
            Err(Error::CopiedLogs {
                members: names.collect(),
            })
        }
        Plan::Refuse { copied, lost } => {
            let name = |seat: &ReplicaId| prepared[seat.index()].name.as_str();
            let copied = copied
                .iter()
                .map(|seat| forgotten(root, name(seat), COPIED));
            let lost = lost.iter().map(|seat| forgotten(root, name(seat), LOST));
            Err(Error::TooManyDamaged {
                damaged: copied.chain(lost).collect(),
                limit,
            })
        }
    }
}

/// Ends a restoration that no member waits for any more.
pub(super) fn settle_recovery(root: &Path, genesis: &Genesis) {
    let (record, logs) = logs(root, genesis);
    restoration::settle(&record, genesis.chain_id(), &logs);
}

/// Starts one member. The folder stays locked until its files are closed, also where the caller goes
/// away meanwhile.
pub(super) async fn start_member(
    config: NodeConfig,
    link: Link,
    lock: FolderLock,
) -> Result<NodeHandle, NodeError> {
    // A task of its own: opening files goes on when its caller is dropped, and holds the lock.
    let started = tokio::spawn(async move {
        let handle = NodeHandle::start(config, link).await?;
        handle.hold_until_ended(lock);
        Ok(handle)
    });
    match started.await {
        Ok(started) => started,
        Err(error) => Err(medshare_host::TaskError::from(error).into()),
    }
}

/// The damage that kept a member from starting, or ended it; `None` for what is no file's fault.
pub(super) fn damage_of(name: &str, folder: &Path, error: &Arc<NodeError>) -> Option<Damage> {
    let ledger = medshare_node::ledger_path(folder);
    let log = log_path(folder);
    let (file, path) = match &**error {
        NodeError::NotALog { path }
        | NodeError::ForeignLog { path }
        | NodeError::DamagedLog { path, .. }
        | NodeError::UnsoundLog { path }
        | NodeError::LogMedium { path, .. }
        | NodeError::MissingLog { path } => (DamagedFile::Log, path.clone()),
        NodeError::LogRecord { .. } | NodeError::Replay(_) => (DamagedFile::Log, log),
        NodeError::Ledger(medshare_ledger::StoreError::InUse) => return None,
        NodeError::MissingLedger { .. }
        | NodeError::Ledger(_)
        | NodeError::State(_)
        | NodeError::Diverged { .. } => (DamagedFile::Ledger, ledger),
        NodeError::KeyStore(_)
        | NodeError::MissingSecret { .. }
        | NodeError::ForeignSecret { .. } => (DamagedFile::KeyStore, folder.join("keys")),
        _ => return None,
    };
    let way_back = match &**error {
        NodeError::KeyStore(error) => way_back_of_keys(error),
        NodeError::LogMedium { source, .. }
        | NodeError::Ledger(medshare_ledger::StoreError::Io { source }) => {
            way_back_of(source.kind()).unwrap_or(WayBack::Rebuild)
        }
        _ if file == DamagedFile::KeyStore => WayBack::RestoreKeyStore,
        _ => WayBack::Rebuild,
    };
    Some(Damage {
        organisation: name.to_owned(),
        file,
        path,
        way_back,
        source: error.clone(),
    })
}

fn way_back_of_keys(error: &KeyStoreError) -> WayBack {
    let KeyStoreError::Medium { source, .. } = error else {
        return WayBack::RestoreKeyStore;
    };
    let kind = source.downcast_ref::<io::Error>().map(io::Error::kind);
    kind.and_then(way_back_of)
        .unwrap_or(WayBack::RestoreKeyStore)
}

const fn way_back_of(kind: io::ErrorKind) -> Option<WayBack> {
    match kind {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Some(WayBack::GrantAccess)
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(WayBack::FreeSpace),
        _ => None,
    }
}

pub(super) fn member_error(organisation: &str, error: impl Into<Source>) -> Error {
    let organisation = organisation.to_owned();
    let source = error.into();
    if is_disk_full(&*source) {
        return Error::DiskFull {
            at: organisation,
            source,
        };
    }
    Error::Member {
        organisation,
        source,
    }
}

/// Ends members that run, since the consortium does not start.
pub(super) async fn end_all(running: Vec<(String, NodeHandle)>) {
    for (name, handle) in running {
        if let Err(error) = handle.shut_down().await {
            let error = member_error(&name, error);
            tracing::warn!(%error, "a member did not end well either");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that cannot be used for another reason than its content is not rebuilt.
    #[test]
    fn the_way_back_follows_from_what_was_found() {
        let folder = Path::new("members/charite");
        let log = || log_path(folder);
        let medium = |kind: io::ErrorKind| NodeError::LogMedium {
            path: log(),
            source: kind.into(),
        };
        let ledger = |kind: io::ErrorKind| {
            NodeError::Ledger(medshare_ledger::StoreError::Io {
                source: kind.into(),
            })
        };
        let keys = |kind: io::ErrorKind| {
            NodeError::KeyStore(KeyStoreError::Medium {
                operation: "use it".to_owned(),
                source: Box::new(io::Error::from(kind)),
            })
        };
        let missing = NodeError::MissingSecret { name: SIGNING_KEY };
        let damaged = NodeError::DamagedLog {
            path: log(),
            offset: 7,
        };
        let unsound = NodeError::UnsoundLog { path: log() };
        let denied = io::ErrorKind::PermissionDenied;
        let full = io::ErrorKind::StorageFull;
        let directory = io::ErrorKind::IsADirectory;
        for (error, file, way_back) in [
            (damaged, DamagedFile::Log, WayBack::Rebuild),
            (unsound, DamagedFile::Log, WayBack::Rebuild),
            (medium(denied), DamagedFile::Log, WayBack::GrantAccess),
            (ledger(denied), DamagedFile::Ledger, WayBack::GrantAccess),
            (keys(denied), DamagedFile::KeyStore, WayBack::GrantAccess),
            (medium(full), DamagedFile::Log, WayBack::FreeSpace),
            (ledger(directory), DamagedFile::Ledger, WayBack::Rebuild),
            (missing, DamagedFile::KeyStore, WayBack::RestoreKeyStore),
        ] {
            let error = Arc::new(error);
            let damage = damage_of("charite", folder, &error);
            let found = damage.map(|damage| (damage.file, damage.way_back));
            assert_eq!(found, Some((file, way_back)), "{error}");
        }
        let in_use = NodeError::Ledger(medshare_ledger::StoreError::InUse);
        assert!(damage_of("charite", folder, &Arc::new(in_use)).is_none());
    }
}
