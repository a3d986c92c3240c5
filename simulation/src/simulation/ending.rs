//! The end of a run: when it is there, and what is looked at then.

use std::collections::BTreeSet;

use medshare_ledger::{MemberStatus, RpcRequest, RpcResponse};
use medshare_node::secrets::GATE_SHARE;
use medshare_types::{Height, Wire as _};
use tokio::time::{Duration, timeout};

use super::power::height_of;
use super::{LOOK, Run};
use crate::disk::Disk;
use crate::founding::Secrets;
use crate::report::{Property, Report};

/// Longer than a member takes to tell how it is.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most transactions that wait in one pool, and most of one key.
const POOL: (usize, usize) = (4_096, 512);

impl Run {
    /// True once a property is broken, all work is done, or time is up.
    pub(super) async fn is_over(&mut self) -> bool {
        let now_ms = {
            let state = self.world.lock();
            if !state.invariants.violations.is_empty() {
                return true;
            }
            state.now_ms()
        };
        if u128::from(now_ms) < u128::from(self.looked_ms) + LOOK.as_millis() {
            return false;
        }
        self.looked_ms = now_ms;
        self.look_for_ends().await;
        let unsettled = self.unsettled().await;
        let mut state = self.world.lock();
        if !state.invariants.violations.is_empty() {
            return true;
        }
        let Some(unsettled) = unsettled.filter(|_| state.is_calm()) else {
            return state.is_calm();
        };
        let late = now_ms > state.calm_after_ms + self.scenario.deadline_ms;
        if late {
            state.invariants.broken(Property::GoesOn, unsettled);
        }
        late
    }

    /// What is still to be done; `None` where nothing is.
    async fn unsettled(&self) -> Option<String> {
        let open = self.orders.iter().filter(|order| !order.is_finished());
        let open = open.count();
        let mut heights = BTreeSet::new();
        let mut unsettled = None;
        for host in self.honest() {
            match self.status(host).await {
                None => unsettled = Some(format!("machine {host} is not there")),
                Some(status) => {
                    heights.insert(height_of(status.tip.as_ref()));
                    self.check_pool(host, &status);
                    let busy = status.waiting > 0 || status.lost || status.refusing.is_some();
                    let lacks = self.scenario.from_nothing && !self.has_share(host);
                    if busy || lacks || status.lacks_share {
                        unsettled = Some(format!("machine {host}: {status:?}"));
                    }
                }
            }
        }
        if heights.len() > 1 {
            unsettled = Some(format!("heights {heights:?}"));
        }
        if open > 0 {
            unsettled = Some(format!("{open} orders are open, heights {heights:?}"));
        }
        unsettled
    }

    fn has_share(&self, host: usize) -> bool {
        let state = self.world.lock();
        state.hosts[host].secrets.contains_key(GATE_SHARE)
    }

    fn honest(&self) -> Vec<usize> {
        let state = self.world.lock();
        let hosts = 0..state.hosts.len();
        let is_honest = |host: &usize| !state.invariants.is_byzantine(state.hosts[*host].seat);
        hosts.filter(is_honest).collect()
    }

    async fn status(&self, host: usize) -> Option<MemberStatus> {
        let client = self.world.lock().hosts[host].client.clone()?;
        let asked = client.request(RpcRequest::Status.to_wire());
        let answer = timeout(PATIENCE, asked).await.ok()?.ok()?;
        match RpcResponse::from_wire(&answer) {
            Ok(RpcResponse::Status(status)) => Some(*status),
            _ => None,
        }
    }

    /// Every key of this run is an organisation's.
    fn check_pool(&self, host: usize, status: &MemberStatus) {
        let (all, of_key) = POOL;
        let bound = all.min(of_key * usize::from(self.scenario.members));
        if status.waiting as usize > bound {
            let what = format!("{} wait at machine {host}", status.waiting);
            let mut state = self.world.lock();
            state.invariants.broken(Property::BoundedPool, what);
        }
    }

    /// Stops the nodes and looks at what they leave.
    pub(super) async fn end(mut self) -> (Report, Vec<(Disk, Secrets)>) {
        // Members that stall may have parted.
        let whole = {
            let state = self.world.lock();
            let mut violations = state.invariants.violations.iter();
            violations.all(|violation| violation.property == Property::GoesOn)
        };
        if whole {
            for host in self.honest() {
                self.shut_down(host).await;
            }
        }
        let mut state = self.world.lock();
        let state = &mut *state;
        let simulated_ms = state.now_ms();
        let mut height = Height(0);
        if whole {
            let honest = state.hosts.iter().enumerate();
            let honest = honest.filter(|(_, host)| !state.invariants.is_byzantine(host.seat));
            let ledgers: Vec<_> = honest
                .filter_map(|(number, host)| Some((number, host.seat, host.disk.ledger.as_ref()?)))
                .collect();
            let lasted = state.hosts.iter().enumerate();
            let lasted = lasted.map(|(number, host)| (number, host.life)).collect();
            height = Height(state.invariants.ledgers(&ledgers, &lasted));
        }
        let report = Report {
            trace: state.trace.digest(),
            violations: state.invariants.violations.clone(),
            height: height.0,
            simulated_ms,
            settled_ms: simulated_ms.saturating_sub(state.calm_after_ms),
            counts: state.counts.clone(),
            words: state.trace.words.take(),
        };
        let hosts = state.hosts.iter();
        let disks = hosts.map(|host| (host.disk.clone(), host.secrets.clone()));
        (report, disks.collect())
    }

    async fn shut_down(&mut self, host: usize) {
        let Some(node) = self.handles[host].take() else {
            return;
        };
        if let Err(error) = node.shut_down().await {
            let what = format!("machine {host} does not stop: {error}");
            let mut state = self.world.lock();
            state.invariants.broken(Property::NodeRuns, what);
        }
    }
}
