//! The members of a consortium in this process, and the client that reaches them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use futures::future::join_all;
use medshare_host::{blocking, files};
use medshare_ledger::{RpcRequest, RpcResponse};
use medshare_node::log::LogState;
use medshare_node::transport::{InProcess, Link};
use medshare_node::{End, NodeConfig, NodeError, NodeHandle, Recovery};
use medshare_types::keystore::BoxFuture;
use medshare_types::{Genesis, Height, ReplicaId, SigningKey, Wire as _};
use tokio::sync::Mutex;

use crate::client::{ConsortiumClient, ExchangeError};
use crate::damage::{Damage, WayBack};
use crate::error::{Error, Result};
use crate::local::folder;
use crate::local::seams::{MemberClient, Seams};
use crate::local::standing::{
    COPIED, Standing, check_rebuild, forgotten, forgotten_by, quorum, spare, too_many,
};
use crate::local::start::{
    FolderLock, MemberKeys, Prepared, damage_of, end_all, member_error, start_member,
};

pub(super) struct LocalMember {
    pub(super) name: String,
    pub(super) keys: Option<MemberKeys>,
    slot: RwLock<Slot>,
}

/// Whether a member runs.
#[derive(Clone)]
pub(super) enum Slot {
    Running {
        client: Box<MemberClient>,
        /// The height up to which the ledger was verified from genesis when it was opened.
        verified: Height,
    },
    Damaged(Damage),
}

impl LocalMember {
    fn slot(&self) -> Slot {
        let slot = self.slot.read().unwrap_or_else(PoisonError::into_inner);
        slot.clone()
    }

    pub(super) fn set_damaged(&self, damage: Damage) {
        self.set_slot(Slot::Damaged(damage));
    }

    pub(super) fn set_slot(&self, slot: Slot) {
        *self.slot.write().unwrap_or_else(PoisonError::into_inner) = slot;
    }

    /// Height 0 for a member that does not run.
    pub(super) fn verified(&self) -> Height {
        match self.slot() {
            Slot::Running { verified, .. } => verified,
            Slot::Damaged(_) => Height(0),
        }
    }

    /// Why the member does not run; `None` while it does.
    pub(super) async fn end(&self, seat: ReplicaId, root: &Path) -> Option<ExchangeError> {
        let client = match self.slot() {
            Slot::Running { client, .. } => client,
            Slot::Damaged(damage) => return Some(ExchangeError::damaged(seat, damage)),
        };
        let End::Failed(source) = client.end().await? else {
            return Some(ExchangeError::Stopped { member: seat });
        };
        let damage = damage_of(&self.name, &folder::member(root, &self.name), &source);
        Some(match damage {
            Some(damage) => ExchangeError::damaged(seat, damage),
            None => ExchangeError::Ended {
                member: seat,
                source,
            },
        })
    }

    async fn standing(&self, seat: ReplicaId, root: &Path) -> Standing {
        match self.end(seat, root).await {
            Some(ExchangeError::Damaged { damage, .. }) => return Standing::Damaged(*damage),
            Some(end) => return Standing::Ended(member_error(&self.name, end)),
            None => {}
        }
        let Slot::Running { client, .. } = self.slot() else {
            return Standing::Silent;
        };
        let answer = client.request(RpcRequest::Status.to_wire()).await;
        match answer.map(|answer| RpcResponse::from_wire(&answer)) {
            Ok(Ok(RpcResponse::Status(status))) if status.lost => Standing::Forgot,
            Ok(Ok(RpcResponse::Status(_))) => Standing::Fit,
            _ => Standing::Silent,
        }
    }
}

/// Every member, in the order of seats.
pub(super) struct Members {
    pub(super) folder: PathBuf,
    pub(super) list: Vec<LocalMember>,
    pub(super) seams: Seams,
    pub(super) genesis: Genesis,
    disk_floor: u64,
    transport: InProcess,
    pub(super) running: Mutex<RunningNodes>,
    /// Removes the folder of a consortium that was given none; the members hold it too.
    temporary: Option<Arc<tempfile::TempDir>>,
}

/// The nodes that run, and the lock that lets more of them start; nothing once they are stopped.
pub(super) struct RunningNodes {
    pub(super) handles: BTreeMap<ReplicaId, NodeHandle>,
    pub(super) lock: Option<FolderLock>,
}

impl Members {
    /// Starts the members, at once. Up to f of them may be damaged.
    ///
    /// # Errors
    /// [`Error::TooManyDamaged`], [`Error::Member`]; every member has then closed its files.
    pub(super) async fn start(
        genesis: Genesis,
        root: PathBuf,
        prepared: Vec<Prepared>,
        disk_floor: u64,
        lock: FolderLock,
        temporary: Option<tempfile::TempDir>,
    ) -> Result<Self> {
        let seats = genesis.organisations();
        let mut members = Self {
            list: Vec::new(),
            seams: Seams::new(seats),
            transport: InProcess::new(seats),
            running: Mutex::new(RunningNodes {
                handles: BTreeMap::new(),
                lock: Some(lock.clone()),
            }),
            temporary: temporary.map(Arc::new),
            folder: root,
            genesis,
            disk_floor,
        };
        // All links first: frames to a seat without one are lost.
        let linked = (0..seats)
            .map(ReplicaId)
            .zip(prepared)
            .map(|(seat, member)| {
                let link = members.transport.link(seat);
                let keys = member.keys.as_ref().ok();
                let link = match keys {
                    Some(keys) => members.decorated(seat, link, &keys.signing_key),
                    None => link,
                };
                (seat, member, link)
            });
        let linked: Vec<_> = linked.collect();
        let is_copy = |(_, member, _): &(_, Prepared, _)| member.log == Some(LogState::Copied);
        let (copies, first): (Vec<_>, Vec<_>) = linked.into_iter().partition(is_copy);
        let mut outcomes = members.start_all(first, &lock).await;
        // Started, a copy becomes a lost log: what refuses the start is to be known before.
        let unfit = outcomes.iter().filter(|outcome| outcome.is_unfit()).count();
        if unfit + copies.len() > spare(quorum(&members.genesis)) {
            let copies = copies.into_iter();
            outcomes.extend(copies.map(|(seat, member, _)| members.refused(seat, member)));
        } else {
            outcomes.extend(members.start_all(copies, &lock).await);
        }
        outcomes.sort_by_key(|outcome| outcome.seat);
        members.take_started(outcomes).await?;
        Ok(members)
    }

    async fn start_all(
        &self,
        members: Vec<(ReplicaId, Prepared, Link)>,
        lock: &FolderLock,
    ) -> Vec<Outcome> {
        let starting = members.into_iter().map(async |(seat, member, link)| {
            let Prepared {
                name,
                keys,
                recovery,
                log,
            } = member;
            let forgot = forgotten_by(&self.folder, &name, log);
            let (keys, started) = match keys {
                Ok(keys) => {
                    let started = self.start_one(&name, seat, &keys, recovery, link, lock.clone());
                    let started = started.await;
                    (Some(keys), started)
                }
                Err(damage) => (None, Err(Unstarted::Damaged(damage))),
            };
            Outcome {
                seat,
                name,
                keys,
                forgot,
                started,
            }
        });
        join_all(starting).await
    }

    /// The outcome of a member that is not started, since its log is a copy.
    fn refused(&self, seat: ReplicaId, member: Prepared) -> Outcome {
        let copy = forgotten(&self.folder, &member.name, COPIED);
        let damage = member.keys.err().unwrap_or(copy);
        Outcome {
            seat,
            name: member.name,
            keys: None,
            forgot: None,
            started: Err(Unstarted::Damaged(damage)),
        }
    }

    /// The link of a member that starts anew.
    pub(super) fn link(&self, seat: ReplicaId, signing_key: &SigningKey) -> Link {
        self.decorated(seat, self.transport.link(seat), signing_key)
    }

    fn decorated(&self, seat: ReplicaId, link: Link, signing_key: &SigningKey) -> Link {
        let chain = self.genesis.chain_id();
        self.seams.link(seat, link, chain, signing_key.clone())
    }

    pub(super) async fn start_one(
        &self,
        name: &str,
        seat: ReplicaId,
        keys: &MemberKeys,
        recovery: Recovery,
        link: Link,
        lock: FolderLock,
    ) -> Result<NodeHandle, Unstarted> {
        let folder = folder::member(&self.folder, name);
        let config = NodeConfig {
            genesis: self.genesis.clone(),
            replica: seat,
            folder: folder.clone(),
            keys: keys.store.clone(),
            machine: self.seams.machine(seat),
            recovery,
            disk_floor: self.disk_floor,
        };
        match start_member(config, link, lock).await {
            Ok(handle) => {
                handle.hold_until_ended(self.temporary.clone());
                Ok(handle)
            }
            Err(error) => {
                let error = Arc::new(error);
                Err(match damage_of(name, &folder, &error) {
                    Some(damage) => Unstarted::Damaged(damage),
                    None => Unstarted::Failed(error),
                })
            }
        }
    }

    async fn take_started(&mut self, outcomes: Vec<Outcome>) -> Result<()> {
        let mut damaged = Vec::new();
        let mut forgot = Vec::new();
        let mut failure = None;
        let mut started = Vec::new();
        for outcome in outcomes {
            let Outcome {
                seat, name, keys, ..
            } = outcome;
            let slot = match (outcome.started, &keys) {
                (Ok(handle), Some(keys)) => {
                    let slot = self.slot_of(seat, &handle, keys);
                    started.push((name.clone(), seat, handle));
                    forgot.extend(outcome.forgot);
                    slot
                }
                (Err(Unstarted::Damaged(damage)), _) => {
                    tracing::warn!(member = %name, %damage, "starting without a member");
                    if damage.way_back == WayBack::Others {
                        forgot.push(damage.clone());
                    } else {
                        damaged.push(damage.clone());
                    }
                    Slot::Damaged(damage)
                }
                (Err(Unstarted::Failed(error)), _) => {
                    failure = failure.or(Some(member_error(&name, error)));
                    continue;
                }
                (Ok(_), None) => continue,
            };
            let slot = RwLock::new(slot);
            self.list.push(LocalMember { name, keys, slot });
        }
        if let Some(error) = failure.or_else(|| too_many(quorum(&self.genesis), damaged, forgot)) {
            let started = started.into_iter();
            end_all(started.map(|(name, _, handle)| (name, handle)).collect()).await;
            return Err(error);
        }
        let handles = started.into_iter();
        self.running.get_mut().handles = handles.map(|(_, seat, handle)| (seat, handle)).collect();
        Ok(())
    }

    pub(super) fn slot_of(&self, seat: ReplicaId, handle: &NodeHandle, keys: &MemberKeys) -> Slot {
        let signing_key = keys.signing_key.clone();
        Slot::Running {
            client: Box::new(self.seams.client(seat, handle.client(), signing_key)),
            verified: handle.verified(),
        }
    }

    pub(super) fn seat_of(&self, name: &str) -> Result<ReplicaId> {
        (0..)
            .map(ReplicaId)
            .zip(&self.list)
            .find_map(|(seat, member)| (member.name == name).then_some(seat))
            .ok_or_else(|| Error::no_member(name, &self.genesis))
    }

    /// The first member that runs and knows its votes.
    pub(super) async fn fit_seat(&self) -> ReplicaId {
        for (seat, member) in (0..).map(ReplicaId).zip(&self.list) {
            if matches!(member.standing(seat, &self.folder).await, Standing::Fit) {
                return seat;
            }
        }
        ReplicaId(0)
    }

    /// The members that did not start or that ended, each with the file that is the cause.
    pub(super) async fn damaged(&self) -> Vec<Damage> {
        let members = (0..).map(ReplicaId).zip(&self.list);
        let ends = members.map(|(seat, member)| member.end(seat, &self.folder));
        let ends = join_all(ends).await.into_iter().flatten();
        ends.filter_map(ExchangeError::into_damage).collect()
    }

    /// Rebuilds every member that can be.
    pub(super) async fn rebuild_damaged(&self) -> Result<()> {
        for damage in self.damaged().await {
            if damage.way_back == WayBack::Rebuild {
                self.rebuild(&damage.organisation).await?;
            }
        }
        Ok(())
    }

    /// Moves the ledger and log of a damaged member aside and starts it without them. Returns the
    /// folder of what was moved; `None` for a member that runs.
    pub(super) async fn rebuild(&self, name: &str) -> Result<Option<PathBuf>> {
        let seat = self.seat_of(name)?;
        let member = &self.list[seat.index()];
        let mut running = self.running.lock().await;
        let lock = running.lock_of(name, seat)?;
        let Some(end) = member.end(seat, &self.folder).await else {
            return Ok(None);
        };
        let ExchangeError::Damaged { damage, .. } = &end else {
            // No file is the cause of its end, so there is nothing to rebuild.
            return Err(member_error(name, end));
        };
        let Some(keys) = member
            .keys
            .as_ref()
            .filter(|_| damage.way_back == WayBack::Rebuild)
        else {
            return Err(member_error(name, end));
        };
        self.check_others_fit(seat, damage).await?;
        if let Some(handle) = running.handles.remove(&seat) {
            // Its error is the damage.
            let _ = handle.shut_down().await;
        }
        let path = folder::member(&self.folder, name);
        let aside = blocking(move || set_aside(&path)).await??;
        tracing::warn!(member = name, ?aside, "rebuilding a member from the others");
        let recovery = Recovery::Rebuild;
        self.start_in(&mut running, seat, (keys, recovery), lock)
            .await?;
        Ok(Some(aside))
    }

    /// A rebuilt member forgot its votes, so a quorum of others must know theirs.
    pub(super) async fn check_others_fit(&self, seat: ReplicaId, damage: &Damage) -> Result<()> {
        let others = (0..).map(ReplicaId).zip(&self.list);
        let others = others.filter(|(other, _)| *other != seat);
        let asked = others.map(async |(other, member)| {
            let standing = member.standing(other, &self.folder).await;
            (member.name.clone(), standing)
        });
        let others = join_all(asked).await;
        check_rebuild(&self.folder, quorum(&self.genesis), damage, others)
    }

    /// Stops every member, which lets other processes open the folder. Returns the error that the
    /// first member in order of seats ended with.
    pub(super) async fn shut_down(&self) -> Result<()> {
        // Held to the end: a second caller waits until every file is closed.
        let mut running = self.running.lock().await;
        running.lock = None;
        let mut result = Ok(());
        for (seat, handle) in std::mem::take(&mut running.handles) {
            let ended = handle.shut_down().await;
            let name = &self.list[seat.index()].name;
            result = result.and(ended.map_err(|error| member_error(name, error)));
        }
        drop(running);
        result
    }
}

/// What became of a member at the start.
struct Outcome {
    seat: ReplicaId,
    name: String,
    keys: Option<MemberKeys>,
    /// Of a member that starts without its votes.
    forgot: Option<Damage>,
    started: Result<NodeHandle, Unstarted>,
}

impl Outcome {
    const fn is_unfit(&self) -> bool {
        self.forgot.is_some() || matches!(self.started, Err(Unstarted::Damaged(_)))
    }
}

/// Why a member did not start.
pub(super) enum Unstarted {
    Damaged(Damage),
    Failed(Arc<NodeError>),
}

/// Moves ledger and log to the first free folder `damaged-<n>` beside them. Nothing is deleted.
fn set_aside(member: &Path) -> Result<PathBuf> {
    let free = |aside: &PathBuf| !aside.exists();
    let mut numbered = (1_u32..).map(|n| member.join(format!("damaged-{n}")));
    #[expect(clippy::expect_used, reason = "a disk holds fewer folders")]
    let aside = numbered.find(free).expect("a free number");
    files::create_private_folder(&aside)?;
    let ledger = medshare_node::ledger_path(member);
    if let Some(name) = ledger.file_name().filter(|_| ledger.exists()) {
        files::rename(&ledger, &aside.join(name))?;
    }
    let log = medshare_node::log_path(member);
    if let Some(name) = log.file_name().filter(|_| log.exists()) {
        // Put back, it must count as a copy: it will lack votes.
        files::move_as_copy(&log, &aside.join(name))?;
    }
    Ok(aside)
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
            let Some(found) = self.0.list.get(member.index()) else {
                return Err(ExchangeError::NoConnection { member });
            };
            if let Slot::Running { client, .. } = found.slot()
                && let Ok(answer) = client.request(request).await
            {
                return Ok(answer);
            }
            let end = found.end(member, &self.0.folder).await;
            Err(end.unwrap_or(ExchangeError::Unreachable { member }))
        })
    }
}
