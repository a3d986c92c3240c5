//! Starting a node: its files, its secrets, and its replica as the log left it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use medshare_consensus::{ChainRecord, Config, LogRecord, Mode, Replica, Tip};
use medshare_contract::genesis_state;
use medshare_ledger::{LedgerStore, StoreError};
use medshare_types::keystore::{KeyStore, KeyStoreError};
use medshare_types::wire::from_borsh;
use medshare_types::{
    BlockHeader, Genesis, Height, OrganisationId, ReplicaId, SigningKey, Wire as _,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::ceremony::Ceremony;
use super::disk::Disk;
use super::incoming::Turn;
use super::propose::Pace;
use super::shell::Shell;
use super::submissions::CheckedQueue;
use super::timers::Timers;
use super::voting_key::NextKey;
use super::{ClientRequest, Node};
use crate::batch::Batch;
use crate::config::{NodeConfig, Recovery, ledger_path, log_path};
use crate::error::NodeError;
use crate::holder::Holder;
use crate::log::{ConsensusLog, Frame, LogState};
use crate::mempool::Mempool;
use crate::mutation::{Mutant, Mutation};
use crate::secrets::{NodeSecrets, TOOK_PART};
use crate::subscriptions::Subscriptions;
use crate::transport::Link;
use crate::volume::Volume;
use crate::voting_keys;
use crate::worker_pool::Workers;

/// Time after which a replica sends again any message that may be lost, milliseconds.
const RESEND_MS: u64 = 300;
/// Time after which an idle chain gets an empty block, milliseconds.
const HEARTBEAT_MS: u64 = 5_000;

/// All that a node is given beside its configuration.
pub(crate) struct Surroundings {
    pub(crate) link: Link,
    pub(crate) volume: Arc<dyn Volume>,
    pub(crate) requests: mpsc::Receiver<ClientRequest>,
    pub(crate) shut_down: oneshot::Receiver<()>,
    pub(crate) mutation: Mutation,
}

impl Node {
    /// Opens the node's folder (or begins it), checks its ledger from genesis and recovers its
    /// replica from the log. Also returns the height up to which the ledger was verified.
    pub(crate) async fn open(
        config: NodeConfig,
        surroundings: Surroundings,
    ) -> Result<(Self, Height), NodeError> {
        let Surroundings {
            volume, mutation, ..
        } = &surroundings;
        let mutation = *mutation;
        let NodeConfig {
            genesis,
            replica: own,
            folder,
            keys,
            machine,
            recovery,
            disk_floor,
        } = config;
        let secrets = NodeSecrets::load(&*keys, &genesis, own).await?;
        let voting_keys = voting_keys::load(&*keys).await?;
        let took_part = keys.load(TOOK_PART).await?.is_some();
        let files = Files {
            volume: Arc::clone(volume),
            folder: folder.clone(),
            took_part,
            recovery,
            mutation,
        };
        let opening = genesis.clone();
        let open = move || -> Result<_, NodeError> {
            let (ledger, log, frames) = files.open(&opening)?;
            let verified = ledger.verify_from_genesis()?;
            let tip = tip(&ledger, &opening)?;
            Ok((ledger, log, frames, verified, tip))
        };
        let (ledger, log, frames, verified, tip) = machine.blocking(open).await??;
        if !took_part {
            // Before the first vote.
            note_part(&*keys).await?;
        }
        let state = state_of(&log, mutation);
        let drawn = voting_keys.iter().map(|held| held.key.clone());
        let signing_keys = [secrets.signing_key.clone()]
            .into_iter()
            .chain(drawn)
            .collect();
        let record = tip.record.clone();
        let replica = recover(&genesis, own, signing_keys, tip, &frames, state)?;
        let tip = ledger.tip()?;
        let genesis = Arc::new(genesis);
        let holder = Holder::new(Arc::clone(&genesis), secrets, Arc::clone(&machine));
        let holder = Arc::new(holder);
        let next_key = NextKey::new(Arc::clone(&keys), voting_keys);
        let ceremony = Ceremony::open(keys, &holder).await?;
        let shell = Shell {
            mempool: Mempool::new(genesis.members.len()),
            genesis,
            own,
            folder,
            volume: surroundings.volume,
            machine,
            started: Instant::now(),
            log: Arc::new(Mutex::new(log)),
            link: surroundings.link,
            requests: surroundings.requests,
            turn: Turn::default(),
            subscriptions: Subscriptions::default(),
            checked: CheckedQueue::default(),
            holder,
            ceremony,
            next_key,
            shut_down: surroundings.shut_down,
            disk: Disk::new(disk_floor),
            tip,
            mutation,
        };
        let opened = Opened {
            ledger,
            record,
            replica,
            lost: matches!(state, LogState::Lost(_)),
        };
        let node = Self::on(shell, opened);
        Ok((node, verified))
    }

    /// A node on files that are open.
    pub(super) fn on(shell: Shell, opened: Opened) -> Self {
        let Opened {
            ledger,
            record,
            replica,
            lost,
        } = opened;
        let workers = Workers::on(&shell.machine);
        Self {
            shell,
            replica,
            marked_lost: lost,
            ledger: Arc::new(ledger),
            record,
            workers,
            timers: Timers::default(),
            pace: Pace::default(),
        }
    }

    pub(crate) fn organisation(&self) -> OrganisationId {
        self.shell.holder.organisation()
    }
}

/// What the log tells of itself.
fn state_of(log: &ConsensusLog, mutation: Mutation) -> LogState {
    match log.state() {
        LogState::Lost(_) if mutation.is(Mutant::LossForgotten) => LogState::Own,
        state => state,
    }
}

/// The ledger, and the replica as ledger and log left it.
pub(super) struct Opened {
    pub(super) ledger: LedgerStore,
    pub(super) record: ChainRecord,
    pub(super) replica: Replica<Batch>,
    /// The log carries the mark of a loss.
    pub(super) lost: bool,
}

/// The replica as ledger and log left it.
pub(super) fn recover(
    genesis: &Genesis,
    own: ReplicaId,
    signing_keys: Vec<SigningKey>,
    tip: Tip,
    frames: &[Frame],
    state: LogState,
) -> Result<Replica<Batch>, NodeError> {
    let config = Config {
        replica: own,
        signing_keys,
        chain: genesis.chain_id(),
        parameters: genesis.parameters,
        resend_ms: RESEND_MS,
        heartbeat_ms: HEARTBEAT_MS,
    };
    let records = records(frames)?;
    Ok(match state {
        LogState::Lost(loss) => Replica::recover_lost(config, tip, records, loss)?,
        LogState::Own | LogState::Copied => Replica::recover(config, tip, records)?,
    })
}

pub(super) fn open_ledger(
    volume: &dyn Volume,
    genesis: &Genesis,
) -> Result<LedgerStore, NodeError> {
    let state = genesis_state(genesis)?;
    Ok(volume.open_ledger(genesis, &state)?)
}

/// A node's ledger and log, before they are opened.
struct Files {
    volume: Arc<dyn Volume>,
    /// Names them in errors.
    folder: PathBuf,
    took_part: bool,
    recovery: Recovery,
    mutation: Mutation,
}

impl Files {
    /// Opens ledger and log, or begins them, the log first. A node that took part in the chain has
    /// both, or lost one.
    fn open(
        &self,
        genesis: &Genesis,
    ) -> Result<(LedgerStore, ConsensusLog, Vec<Frame>), NodeError> {
        let volume = &*self.volume;
        volume.sweep();
        let ledger = ledger_path(&self.folder);
        let path = log_path(&self.folder);
        let chain = genesis.chain_id();
        let took_part = self.took_part;
        let has_log = volume.has_log();
        if self.recovery == Recovery::Rebuild {
            if !has_log {
                ConsensusLog::create_lost_on(&mut *volume.log(), &path, chain)?;
            }
        } else if took_part && !volume.has_ledger() {
            return Err(NodeError::MissingLedger { path: ledger });
        } else if (took_part || volume.has_ledger()) && !has_log {
            return Err(NodeError::MissingLog { path });
        }
        let (mut log, frames) = ConsensusLog::open_on(volume.log(), &path, chain)?;
        if log.state() == LogState::Copied {
            let is_original = self.recovery == Recovery::RestoredTogether
                || self.mutation.is(Mutant::CopyTakenForOriginal);
            if is_original {
                log.end_loss()?;
            } else {
                tracing::warn!(
                    log = %path.display(),
                    "the log is a copy: no votes until the other members have told how far they reach"
                );
                log.begin_loss()?;
            }
        }
        Ok((open_ledger(volume, genesis)?, log, frames))
    }
}

async fn note_part(keys: &dyn KeyStore) -> Result<(), NodeError> {
    match keys.create(TOOK_PART, b"").await {
        Ok(()) | Err(KeyStoreError::AlreadyExists { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn records(frames: &[Frame]) -> Result<Vec<LogRecord<Batch>>, NodeError> {
    let decode = |(index, frame): (usize, &Frame)| {
        LogRecord::from_wire(&frame.body).map_err(|source| NodeError::LogRecord { index, source })
    };
    frames.iter().enumerate().map(decode).collect()
}

/// The ledger's tip with what the chain recorded up to it, as it was stored with the tip.
pub(super) fn tip(ledger: &LedgerStore, genesis: &Genesis) -> Result<Tip, NodeError> {
    let height = ledger.height()?;
    let executed = ledger.roots(height)?;
    let Some(certified) = ledger.tip()? else {
        let record = ChainRecord::genesis(genesis, Mode::Credit)
            .map_err(|source| NodeError::Committee { source })?;
        return Ok(Tip::genesis(
            genesis.created,
            executed.state,
            executed.receipts,
            record,
        ));
    };
    Ok(Tip {
        height,
        digest: certified.header.digest(),
        time: certified.header.time,
        ordered: !ledger.receipts(height)?.is_empty(),
        executed,
        record: record_of(ledger, &certified.header)?,
    })
}

/// The record that the ledger has of its tip. It must be of this very block, and its committee the one
/// that the block names.
fn record_of(ledger: &LedgerStore, tip: &BlockHeader) -> Result<ChainRecord, StoreError> {
    let corrupt = |reason: &str, source| StoreError::Corrupt {
        reason: reason.to_owned(),
        source,
    };
    let bytes = ledger.record()?;
    let bytes = bytes.ok_or_else(|| corrupt("no record is stored with the tip", None))?;
    let record: ChainRecord = from_borsh(&bytes).map_err(|source| {
        let reason = "the record stored with the tip cannot be decoded";
        corrupt(reason, Some(Box::new(source)))
    })?;
    let belongs = record.tip() == Some((tip.height, tip.digest()))
        && record.learned() == tip.height
        && record.committee().digest() == tip.next_committee;
    if belongs {
        Ok(record)
    } else {
        Err(corrupt(
            "the record stored with the tip is of another block",
            None,
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::volume::Folder;
    use medshare_host::ThisMachine;
    use medshare_ledger::{Block, Execution, transactions_root};
    use medshare_testkit::fixtures::{Members, rng};
    use medshare_threshold::HolderKeyPair;
    use medshare_types::attestation::attestations_root;
    use medshare_types::wire::to_borsh;
    use medshare_types::{Digest, Epoch, View};

    /// What a start opens, in this folder.
    fn files(folder: &Path, took_part: bool, recovery: Recovery) -> Files {
        Files {
            volume: Arc::new(Folder::new(folder, Arc::new(ThisMachine))),
            folder: folder.to_owned(),
            took_part,
            recovery,
            mutation: Mutation::default(),
        }
    }

    fn genesis() -> Genesis {
        let holder_key = |seat| HolderKeyPair::random(&mut rng(seat)).public();
        let members = Members::new(4).with_holder_keys((0..4).map(holder_key));
        members.genesis().clone()
    }

    #[test]
    fn a_missing_ledger_or_log_is_refused_and_rebuilt_as_one_that_forgot_its_votes() {
        let genesis = genesis();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let open = |took_part, recovery| files(folder, took_part, recovery).open(&genesis);
        // A crash between the two leaves a log alone.
        ConsensusLog::open(&log_path(folder), genesis.chain_id()).unwrap();
        for took_part in [false, true] {
            drop(open(took_part, Recovery::Refuse).unwrap());
        }
        let log = std::fs::read(log_path(folder)).unwrap();
        std::fs::remove_file(log_path(folder)).unwrap();
        for took_part in [false, true] {
            let error = open(took_part, Recovery::Refuse).map(drop).unwrap_err();
            assert!(matches!(error, NodeError::MissingLog { .. }), "{error}");
            assert!(!log_path(folder).exists());
        }
        let (_, lost, frames) = open(true, Recovery::Rebuild).unwrap();
        assert!(matches!(lost.state(), LogState::Lost(_)) && frames.is_empty());
        drop(lost);
        let (_, lost, _) = open(true, Recovery::Refuse).unwrap();
        assert!(
            matches!(lost.state(), LogState::Lost(_)),
            "after a crash too"
        );

        std::fs::remove_file(ledger_path(folder)).unwrap();
        let error = open(true, Recovery::Refuse).map(drop).unwrap_err();
        assert!(matches!(error, NodeError::MissingLedger { .. }), "{error}");
        assert!(!ledger_path(folder).exists());
        // The bytes come back, the file does not: it counts as a copy.
        std::fs::remove_file(log_path(folder)).unwrap();
        std::fs::write(log_path(folder), log).unwrap();
        let (_, restored, _) = open(false, Recovery::Refuse).unwrap();
        assert!(matches!(restored.state(), LogState::Lost(_)));
    }

    /// A ledger whose record is that of another block, or none, is refused; rebuilding is the way back.
    #[test]
    fn the_record_must_belong_to_the_tip() {
        let genesis = genesis();
        let members = Members::new(4);
        let folder = tempfile::tempdir().unwrap();
        let ledger =
            open_ledger(&Folder::new(folder.path(), Arc::new(ThisMachine)), &genesis).unwrap();
        let mut record = ChainRecord::genesis(&genesis, Mode::Credit).unwrap();
        assert_eq!(tip(&ledger, &genesis).unwrap().record, record);
        let mut previous = Digest::ZERO;
        for height in 1..=3 {
            let header = BlockHeader {
                chain: genesis.chain_id(),
                height: Height(height),
                epoch: Epoch(0),
                view: View(0),
                proposer: ReplicaId(1),
                previous,
                time: genesis.created.plus_millis(height),
                transactions: transactions_root(&[]),
                attestations: attestations_root(&[]),
                executed: ledger.roots(Height(height - 1)).unwrap(),
                next_committee: record.committee().digest(),
            };
            previous = header.digest();
            let before = to_borsh(&record);
            record.follow(&header, &[], &[]);
            let certificate = members.certify(&header, &[0, 1, 2]);
            let good = to_borsh(&record);
            let stored = match height {
                1 => &good,
                2 => &before,
                _ => &good[..good.len() - 1],
            };
            let execution = Execution {
                receipts: &[],
                changes: &BTreeMap::new(),
                next_committee: record.committee(),
                record: stored,
            };
            let block = Block {
                header,
                transactions: vec![],
                attestations: vec![],
            };
            ledger.apply(&block, &certificate, &execution).unwrap();
            match tip(&ledger, &genesis) {
                Ok(tip) => assert_eq!((tip.height, &tip.record), (Height(1), &record)),
                Err(error) => {
                    let corrupt = NodeError::Ledger(StoreError::Corrupt {
                        reason: String::new(),
                        source: None,
                    });
                    assert!(height > 1, "{error}");
                    assert_eq!(
                        std::mem::discriminant(&error),
                        std::mem::discriminant(&corrupt)
                    );
                    assert!(error.to_string().contains("record"), "{error}");
                }
            }
        }
    }

    #[test]
    fn logs_restored_together_are_taken_for_their_originals() {
        let genesis = genesis();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let open = |took_part, recovery| files(folder, took_part, recovery).open(&genesis);
        drop(open(false, Recovery::Refuse).unwrap());
        let log = std::fs::read(log_path(folder)).unwrap();
        std::fs::remove_file(log_path(folder)).unwrap();
        std::fs::write(log_path(folder), log).unwrap();
        for recovery in [Recovery::RestoredTogether, Recovery::Refuse] {
            let (_, log, _) = open(true, recovery).unwrap();
            assert_eq!(log.state(), LogState::Own);
        }
    }
}
