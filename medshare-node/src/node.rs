//! Starting a member and talking to it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use medshare_consensus::{Config, LogRecord, Replica, Tip};
use medshare_contract::genesis_state;
use medshare_host::{TaskError, blocking};
use medshare_ledger::LedgerStore;
use medshare_types::keystore::KeyStore;
use medshare_types::{Genesis, Height, OrganisationId, ReplicaId, Wire as _};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::ceremony::Ceremony;
use crate::desk::Desk;
use crate::drill::Drill;
use crate::error::NodeError;
use crate::holder::Holder;
use crate::log::{ConsensusLog, Frame};
use crate::member::{ClientRequest, Member};
use crate::mempool::Mempool;
use crate::secrets::MemberSecrets;
use crate::transport::Link;
use crate::waiters::Waiters;

/// Client requests that wait for one member at the most.
const REQUEST_QUEUE: usize = 256;
/// How long a member waits before it sends again what may be lost, milliseconds.
const RESEND_MS: u64 = 300;

/// What a member is started with.
pub struct NodeConfig {
    /// The consortium's trust anchor.
    pub genesis: Genesis,
    /// The member's seat.
    pub replica: ReplicaId,
    /// Where its ledger and its consensus log are kept.
    pub folder: PathBuf,
    /// Where its secrets are kept; see [`crate::secrets`].
    pub keys: Arc<dyn KeyStore>,
}

/// A running member. Dropping every handle stops it.
pub struct NodeHandle {
    organisation: OrganisationId,
    verified: Height,
    requests: mpsc::Sender<ClientRequest>,
    drill: Arc<Drill>,
    shut_down: oneshot::Sender<()>,
    task: JoinHandle<Result<(), NodeError>>,
}

/// Sends requests to a running member.
#[derive(Clone)]
pub struct NodeClient {
    requests: mpsc::Sender<ClientRequest>,
}

/// The member is gone, or did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the member is not running")]
pub struct NodeGone;

impl NodeClient {
    /// Sends an encoded [`medshare_ledger::MemberRequest`] and waits for the encoded answer.
    ///
    /// # Errors
    /// [`NodeGone`] when the member stopped or gave no answer.
    pub async fn request(&self, request: Vec<u8>) -> Result<Vec<u8>, NodeGone> {
        let (answer, answered) = oneshot::channel();
        self.requests
            .send((request, answer))
            .await
            .map_err(|_| NodeGone)?;
        answered.await.map_err(|_| NodeGone)
    }
}

impl NodeHandle {
    /// Opens the member's folder (or begins it), checks its ledger from genesis, catches its
    /// ledger up from its log, and runs it on the current tokio runtime.
    ///
    /// # Errors
    /// [`NodeError`] for secrets that are missing or not this member's, for a folder of another
    /// consortium, for a ledger without its log, and for damaged files, which are never repaired
    /// in silence.
    pub async fn start(config: NodeConfig, link: Link) -> Result<Self, NodeError> {
        let NodeConfig {
            genesis,
            replica: own,
            folder,
            keys,
        } = config;
        let secrets = MemberSecrets::load(&*keys, &genesis, own).await?;
        let opening = genesis.clone();
        let (ledger, log, records, verified) = blocking(move || -> Result<_, NodeError> {
            let (ledger, log, frames) = open_files(&folder, &opening)?;
            let verified = ledger.verify_from_genesis()?;
            let records = frames.iter().map(|frame| LogRecord::from_wire(&frame.body));
            let records = records.collect::<Result<Vec<_>, _>>();
            Ok((ledger, log, records, verified))
        })
        .await??;
        let consensus = Config {
            replica: own,
            signing_key: secrets.signing_key.clone(),
            committee: genesis.committee()?,
            chain: genesis.chain_id(),
            parameters: genesis.parameters,
            resend_ms: RESEND_MS,
        };
        let replica = Replica::recover(consensus, tip(&ledger, &genesis)?, records?)?;
        let organisation = secrets.organisation;
        let genesis = Arc::new(genesis);
        let holder = Arc::new(Holder::new(Arc::clone(&genesis), secrets));
        let ceremony = Ceremony::open(keys, &holder).await?;
        let drill = Arc::new(Drill::default());
        let (requests, incoming) = mpsc::channel(REQUEST_QUEUE);
        let (shut_down, asked) = oneshot::channel();
        let member = Member {
            genesis,
            own,
            replica,
            log: Arc::new(Mutex::new(log)),
            ledger: Arc::new(ledger),
            link,
            requests: incoming,
            mempool: Mempool::default(),
            waiters: Waiters::default(),
            desk: Desk::default(),
            holder,
            ceremony,
            drill: Arc::clone(&drill),
            resend_at: None,
            shut_down: asked,
        };
        let task = tokio::spawn(async move {
            let ended = member.run().await;
            if let Err(error) = &ended {
                tracing::error!(member = %own, %error, "the member stopped");
            }
            ended
        });
        Ok(Self {
            organisation,
            verified,
            requests,
            drill,
            shut_down,
            task,
        })
    }

    /// Whose member it is.
    #[must_use]
    pub const fn organisation(&self) -> &OrganisationId {
        &self.organisation
    }

    /// Up to which height the ledger found at start was verified from genesis.
    #[must_use]
    pub const fn verified(&self) -> Height {
        self.verified
    }

    /// Makes the member misbehave on purpose.
    #[must_use]
    pub fn drill(&self) -> Arc<Drill> {
        Arc::clone(&self.drill)
    }

    /// A client of this member.
    #[must_use]
    pub fn client(&self) -> NodeClient {
        NodeClient {
            requests: self.requests.clone(),
        }
    }

    /// Stops the member and waits until its files are closed.
    ///
    /// # Errors
    /// The [`NodeError`] that the member had ended with.
    pub async fn shut_down(self) -> Result<(), NodeError> {
        // A member that ended by itself is not there to be asked.
        let _ = self.shut_down.send(());
        self.task.await.map_err(TaskError::from)?
    }
}

/// Where a member of this folder keeps its ledger.
#[must_use]
pub fn ledger_path(folder: &Path) -> PathBuf {
    folder.join("ledger.redb")
}

/// Where a member of this folder keeps its consensus log.
#[must_use]
pub fn log_path(folder: &Path) -> PathBuf {
    folder.join("consensus.log")
}

/// Opens a member's ledger and log, or begins them: the log first, so that a ledger without a log
/// is one whose log was lost. A member that forgot its votes might contradict them.
fn open_files(
    folder: &Path,
    genesis: &Genesis,
) -> Result<(LedgerStore, ConsensusLog, Vec<Frame>), NodeError> {
    let (ledger, log) = (ledger_path(folder), log_path(folder));
    if ledger.exists() && !log.exists() {
        return Err(NodeError::MissingLog { path: log });
    }
    let (log, frames) = ConsensusLog::open(&log, genesis.chain_id())?;
    let ledger = LedgerStore::open(ledger, genesis, &genesis_state(genesis)?)?;
    Ok((ledger, log, frames))
}

fn tip(ledger: &LedgerStore, genesis: &Genesis) -> Result<Tip, NodeError> {
    let height = ledger.height()?;
    let executed = ledger.roots(height)?;
    Ok(match ledger.tip()? {
        None => Tip::genesis(genesis.created, executed.state, executed.receipts),
        Some(certified) => Tip {
            height,
            digest: certified.header.digest(),
            time: certified.header.time,
            executed,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::founders;

    #[test]
    fn a_ledger_whose_log_was_lost_is_refused() {
        let (genesis, _) = founders();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        // A crash between the two leaves a log alone.
        ConsensusLog::open(&log_path(folder), genesis.chain_id()).unwrap();
        for _ in 0..2 {
            drop(open_files(folder, &genesis).unwrap());
        }
        let log = std::fs::read(log_path(folder)).unwrap();
        std::fs::remove_file(log_path(folder)).unwrap();
        let error = open_files(folder, &genesis).map(drop).unwrap_err();
        assert!(matches!(error, NodeError::MissingLog { .. }), "{error}");
        assert!(!log_path(folder).exists());
        std::fs::write(log_path(folder), log).unwrap();
        drop(open_files(folder, &genesis).unwrap());
    }
}
