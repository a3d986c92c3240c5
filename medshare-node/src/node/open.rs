//! Starting a node: its files, its secrets, and its replica as the log left it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use medshare_consensus::{Config, LogRecord, Replica, Tip};
use medshare_contract::genesis_state;
use medshare_host::blocking;
use medshare_ledger::LedgerStore;
use medshare_types::{Genesis, Height, OrganisationId, Wire as _};
use tokio::sync::{mpsc, oneshot};

use super::ceremony::Ceremony;
use super::submissions::CheckedQueue;
use super::{ClientRequest, Node};
use crate::batch::Batch;
use crate::config::{NodeConfig, ledger_path, log_path};
use crate::error::NodeError;
use crate::holder::Holder;
use crate::log::{ConsensusLog, Frame};
use crate::mempool::Mempool;
use crate::secrets::NodeSecrets;
use crate::subscriptions::Subscriptions;
use crate::transport::Link;
use crate::worker_pool::Workers;

/// Time after which a replica sends again any message that may be lost, milliseconds.
const RESEND_MS: u64 = 300;

impl Node {
    /// Opens the node's folder (or begins it), checks its ledger from genesis and recovers its
    /// replica from the log. Also returns the height up to which the ledger was verified.
    pub(crate) async fn open(
        config: NodeConfig,
        link: Link,
        requests: mpsc::Receiver<ClientRequest>,
        shut_down: oneshot::Receiver<()>,
    ) -> Result<(Self, Height), NodeError> {
        let NodeConfig {
            genesis,
            replica: own,
            folder,
            keys,
            machine,
        } = config;
        let secrets = NodeSecrets::load(&*keys, &genesis, own).await?;
        let opening = genesis.clone();
        let files = folder.clone();
        let (ledger, log, records, verified) = blocking(move || -> Result<_, NodeError> {
            let (ledger, log, frames) = open_files(&files, &opening)?;
            let verified = ledger.verify_from_genesis()?;
            Ok((ledger, log, records(&frames)?, verified))
        })
        .await??;
        let committee = genesis
            .committee()
            .map_err(|source| NodeError::Committee { source })?;
        let consensus = Config {
            replica: own,
            signing_key: secrets.signing_key.clone(),
            committee,
            chain: genesis.chain_id(),
            parameters: genesis.parameters,
            resend_ms: RESEND_MS,
        };
        let replica = Replica::recover(consensus, tip(&ledger, &genesis)?, records)?;
        let genesis = Arc::new(genesis);
        let holder = Arc::new(Holder::new(
            Arc::clone(&genesis),
            secrets,
            Arc::clone(&machine),
        ));
        let ceremony = Ceremony::open(keys, &holder).await?;
        let node = Self {
            genesis,
            own,
            folder,
            machine,
            replica,
            log: Arc::new(Mutex::new(log)),
            ledger: Arc::new(ledger),
            link,
            requests,
            mempool: Mempool::default(),
            subscriptions: Subscriptions::default(),
            workers: Workers::default(),
            checked: CheckedQueue::default(),
            holder,
            ceremony,
            resend_at: None,
            shut_down,
        };
        Ok((node, verified))
    }

    pub(crate) fn organisation(&self) -> OrganisationId {
        self.holder.organisation()
    }
}

/// Opens a node's ledger and log, or begins them: the log first, so that a ledger without a log is
/// one whose log was lost. A node that forgot its votes might contradict them.
fn open_files(
    folder: &Path,
    genesis: &Genesis,
) -> Result<(LedgerStore, ConsensusLog, Vec<Frame>), NodeError> {
    let ledger = ledger_path(folder);
    let log = log_path(folder);
    if ledger.exists() && !log.exists() {
        return Err(NodeError::MissingLog { path: log });
    }
    let (log, frames) = ConsensusLog::open(&log, genesis.chain_id())?;
    let ledger = LedgerStore::open(ledger, genesis, &genesis_state(genesis)?)?;
    Ok((ledger, log, frames))
}

fn records(frames: &[Frame]) -> Result<Vec<LogRecord<Batch>>, NodeError> {
    let decode = |(index, frame): (usize, &Frame)| {
        LogRecord::from_wire(&frame.body).map_err(|source| NodeError::LogRecord { index, source })
    };
    frames.iter().enumerate().map(decode).collect()
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
    use medshare_testkit::fixtures::{Members, rng};
    use medshare_threshold::HolderKeyPair;

    #[test]
    fn a_ledger_whose_log_was_lost_is_refused() {
        let holder_key = |seat| HolderKeyPair::random(&mut rng(seat)).public();
        let members = Members::new(4).with_holder_keys((0..4).map(holder_key));
        let genesis = members.genesis();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        // A crash between the two leaves a log alone.
        ConsensusLog::open(&log_path(folder), genesis.chain_id()).unwrap();
        for _ in 0..2 {
            drop(open_files(folder, genesis).unwrap());
        }
        let log = std::fs::read(log_path(folder)).unwrap();
        std::fs::remove_file(log_path(folder)).unwrap();
        let error = open_files(folder, genesis).map(drop).unwrap_err();
        assert!(matches!(error, NodeError::MissingLog { .. }), "{error}");
        assert!(!log_path(folder).exists());
        std::fs::write(log_path(folder), log).unwrap();
        drop(open_files(folder, genesis).unwrap());
    }
}
