//! One member stopped and started while the others run.

use medshare_node::log::{ConsensusLog, LogState};
use medshare_node::{Recovery, log_path};
use medshare_types::ReplicaId;

use crate::client::ExchangeError;
use crate::error::Result;
use crate::local::folder;
use crate::local::members::{Members, RunningNodes, Unstarted};
use crate::local::standing::{COPIED, forgotten};
use crate::local::start::{FolderLock, MemberKeys, member_error, settle_recovery};

impl Members {
    /// Stops a member and closes its files. Nothing for a member that does not run.
    pub(super) async fn stop(&self, name: &str) -> Result<()> {
        let seat = self.seat_of(name)?;
        let handle = self.running.lock().await.handles.remove(&seat);
        match handle {
            Some(handle) => {
                let ended = handle.shut_down().await;
                ended.map_err(|error| member_error(name, error))
            }
            None => Ok(()),
        }
    }

    /// Starts a member on what is in its folder. Nothing for a member that runs.
    pub(super) async fn start_again(&self, name: &str) -> Result<()> {
        let seat = self.seat_of(name)?;
        let member = &self.list[seat.index()];
        let mut running = self.running.lock().await;
        let lock = running.lock_of(name, seat)?;
        let Some(end) = member.end(seat, &self.folder).await else {
            return Ok(());
        };
        let Some(keys) = member.keys.as_ref() else {
            return Err(member_error(name, end));
        };
        if let Some(handle) = running.handles.remove(&seat) {
            // Why it ended is told above where it matters, and by the start where it still does.
            let _ = handle.shut_down().await;
        }
        let log = log_path(&folder::member(&self.folder, name));
        // What cannot be inspected the start tells.
        if let Ok(Some(LogState::Copied)) = ConsensusLog::inspect(&log, self.genesis.chain_id()) {
            let damage = forgotten(&self.folder, name, COPIED);
            self.check_others_fit(seat, &damage).await?;
        }
        self.start_in(&mut running, seat, (keys, Recovery::Refuse), lock)
            .await
    }

    /// Starts a member that does not run, and notes what became of it.
    pub(super) async fn start_in(
        &self,
        running: &mut RunningNodes,
        seat: ReplicaId,
        (keys, recovery): (&MemberKeys, Recovery),
        lock: FolderLock,
    ) -> Result<()> {
        let member = &self.list[seat.index()];
        let name = &member.name;
        let link = self.link(seat, &keys.signing_key);
        let started = self.start_one(name, seat, keys, recovery, link, lock);
        let started = started.await;
        settle_recovery(&self.folder, &self.genesis);
        match started {
            Ok(handle) => {
                member.set_slot(self.slot_of(seat, &handle, keys));
                running.handles.insert(seat, handle);
                Ok(())
            }
            Err(Unstarted::Damaged(damage)) => {
                member.set_damaged(damage.clone());
                Err(member_error(name, ExchangeError::damaged(seat, damage)))
            }
            Err(Unstarted::Failed(error)) => Err(member_error(name, error)),
        }
    }
}

impl RunningNodes {
    /// The lock that lets members start; an error once they are stopped.
    pub(super) fn lock_of(&self, name: &str, seat: ReplicaId) -> Result<FolderLock> {
        let stopped = || member_error(name, ExchangeError::Stopped { member: seat });
        self.lock.clone().ok_or_else(stopped)
    }
}
